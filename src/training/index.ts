export { type DebugEvent, debugDataset } from "./debug.ts";
export type { RunSummary, StepEvent, TrainingEvent } from "./events.ts";
export { type Alternative, planRun, type RunPlan } from "./plan.ts";
export { type TrainOptions, train } from "./train.ts";
