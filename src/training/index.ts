export { type DebugEvent, debugDataset } from "./debug-dataset.ts";
export { type DryRun, DryRuns } from "./estimate/dry-run.ts";
export type { Estimate, MemoryEstimate } from "./estimate/estimate.ts";
export { type Alternative, planTraining, type RunPlan } from "./estimate/plan.ts";
export type {
  ChoiceEvent,
  ClusterEvent,
  ClusterFigures,
  EvaluationEvent,
  InitWordEvent,
  RecipeSummary,
  RunSummary,
  StepEvent,
  TrainingCommand,
  TrainingEvent,
} from "./events.ts";
export type {
  EncodePictures,
  EncodingContext,
  MicroBatchRunner,
  RunnerContext,
  RunnerOutput,
  RunSharing,
  SharedEncoder,
  StepInputs,
} from "./loop/micro-batches.ts";
export { computeMicroStep, type MicroStepContext } from "./loop/micro-step.ts";
export {
  drawIn,
  joinedParts,
  type MicroStepResult,
  type MicroStepSamples,
  sampleRanges,
  samplesIn,
} from "./loop/micro-step-data.ts";
export { lowerMicroStep, type MicroStepPlan } from "./loop/micro-step-plan.ts";
export type { DrawerNews, DrawHere, ImageDrawer, ImageOrder } from "./output/image-drawer.ts";
export { isImageRequest } from "./output/image-orders.ts";
export { train } from "./train.ts";
