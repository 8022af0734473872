/** Teach Stable Diffusion a new word from a few pictures, and draw with it. Settings are sd-scripts' in camelCase (docs/options.md). */
export { type Conversion, type ConvertOptions, convert } from "./convert.ts";
export {
  type EmbeddingFile,
  type EmbeddingLayout,
  embeddingOfFile,
  type LearnedEmbedding,
  readEmbeddingFile,
  type WriteOptions,
  type WrittenLayout,
  writeEmbedding,
  writtenLayouts,
} from "./embedding/index.ts";
export { CoinageError, type ErrorCode, errorCodes, formatError } from "./errors/index.ts";
export { resultOf, type StopSignal } from "./events/index.ts";
export { type GenerateOptions, type GenerateResult, generate } from "./generate.ts";
export type {
  BatchStepEvent,
  GeneratedImage,
  GenerationRunEvent,
  ImageOfRun,
  PreviewOfBatch,
} from "./generation/index.ts";
export { type Inspection, inspectFile as inspect } from "./inspect/index.ts";
export type { GenerateInput, SettingsWarning, TrainInput } from "./options/index.ts";
export { plan } from "./plan.ts";
export { type TrainResult, train } from "./train.ts";
export type { Alternative, RunPlan, RunSummary, StepEvent, TrainingEvent, TrainOptions } from "./training/index.ts";
