/** A list of runs to compare: made from a file of settings and axes, trained here or by workers, and put into a table. */
export type { SweepEvent } from "./events.ts";
export type { Sweep } from "./file.ts";
export { effectText, percent } from "./page.ts";
export { sweep } from "./run.ts";
export { gainOf, type SweepRow } from "./table.ts";
