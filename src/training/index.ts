export { type DebugEvent, debugDataset } from "./debug-dataset.ts";
export type { Expectation, ExpectedMemory } from "./estimate/estimate.ts";
export { type Alternative, planRun, type RunPlan } from "./estimate/plan.ts";
export type { RunSummary, StepEvent, TrainingEvent } from "./events.ts";
export { type TrainOptions, train } from "./train.ts";
