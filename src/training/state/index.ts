export { changedCircumstances, circumstancesOf } from "./circumstances.ts";
export { checkIdentity } from "./compare.ts";
export { type FoundState, isStateOf, mayReplaceState, readState, writeState } from "./files.ts";
export { identityOf, type RunIdentity } from "./identity.ts";
export type { EpochProgress } from "./progress.ts";
export type { TrainingState } from "./state.ts";
