/** Teach Stable Diffusion a new word from a few images, and generate images with it. `coinage/pipeline` has the parts for programs that keep a model loaded.
 *  Settings are sd-scripts' in camelCase (docs/options.md).
 *
 *  @module coinage */
export {
  bfloat16ToFloat32,
  type DType,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
  type NdArray,
  type TypedArray,
  toFloat32,
} from "./array/index.ts";
export type { ComponentName, Container, Decided, Family, UNetInputKind } from "./checkpoint/index.ts";
export { type Conversion, type ConvertOptions, convert } from "./convert.ts";
export type {
  CaptionSettings,
  DatasetKind,
  DatasetReport,
  DatasetSummary,
  SubsetPlan,
  SubsetSummary,
} from "./dataset/index.ts";
export type { PredictionType } from "./diffusion/index.ts";
export {
  type CarrierKind,
  type EmbeddingFile,
  type EmbeddingLayout,
  embeddingOfFile,
  type LearnedEmbedding,
  readEmbeddingFile,
  type SavePrecision,
  type SeveralTensors,
  type WriteOptions,
  type WrittenLayout,
  writeEmbedding,
  writtenLayouts,
} from "./embedding/index.ts";
export { type Embedding, type PromptEmbedding, readEmbedding } from "./embeddings.ts";
export { CoinageError, type ErrorCode, type ErrorDetails, errorCodes, formatError } from "./errors/index.ts";
export { resultOf, type StopOptions, type StopSignal } from "./events/index.ts";
export { type GenerateOptions, type GenerateResult, generate } from "./generate.ts";
export type {
  BatchStepEvent,
  GeneratedImage,
  GenerationRunEvent,
  ImageOfRun,
  PreviewOfBatch,
} from "./generation/index.ts";
export type { DownloadEvent } from "./hub/index.ts";
export {
  type About,
  type ArrayInspection,
  type ArraysInspection,
  type ComponentInspection,
  type DTypeCounts,
  type EmbeddingInspection,
  type Inspection,
  inspectFile as inspect,
  type ModelInspection,
  type PictureInspection,
  type Problem,
  type TableInspection,
  type TrainingStateInspection,
  type UnknownInspection,
  type WeightsInspection,
} from "./inspect/index.ts";
export type { GenerateInput, Range, SettingsWarning, StepCount, TrainInput } from "./options/index.ts";
export type { Channels, Colour, Picture, Size } from "./pictures/index.ts";
export type { Pass } from "./pipeline/index.ts";
export { plan } from "./plan.ts";
export { type TrainResult, train } from "./train.ts";
export type {
  Alternative,
  ChoiceEvent,
  ClusterEvent,
  ClusterFigures,
  Estimate,
  EvaluationEvent,
  InitWordEvent,
  MemoryEstimate,
  RecipeSummary,
  RunPlan,
  RunSummary,
  StepEvent,
  TrainingEvent,
} from "./training/index.ts";
