/** Compares runs: plans them from a file of settings and axes, trains them here or on workers, and puts them into a table. */
export type { SweepEvent } from "./events.ts";
export type { Sweep } from "./file.ts";
export { effectText, percent } from "./page.ts";
export { sweep } from "./run.ts";
export { gainOf, type SweepRow } from "./table.ts";
