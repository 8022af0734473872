export { resumeWarnings } from "./compare.ts";
export { type FoundState, isStateOf, mayReplaceState, readState, writeState } from "./files.ts";
export { environmentOf, identityOf } from "./identity.ts";
export type { TrainingState } from "./state.ts";
