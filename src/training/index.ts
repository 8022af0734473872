export type { RunSummary, StepEvent, TrainingEvent } from "./events.ts";
export { type TrainOptions, train } from "./train.ts";
