export { type HuberOptions, huberThreshold, type TimestepWeightOptions, timestepWeight } from "./loss.ts";
export { type PredictionType, predictOriginal } from "./noise-level.ts";
export { type NoiseSchedule, noiseSchedule, numTrainTimesteps } from "./noise-schedule.ts";
export { noisyLatents, velocity } from "./noisy-latents.ts";
export {
  createSampler,
  evaluationsOf,
  type SamplerName,
  samplerDefaults,
  samplerName,
  samplerNames,
} from "./samplers/names.ts";
export { type ImageToImageStart, imageToImageStart, type KeptArea, type Sampler } from "./samplers/sampler.ts";
export type { TimestepRange } from "./timesteps.ts";
export { drawTrainingBatch, pyramidNoise } from "./training-batch.ts";
export { type Generators, seededGenerators, skipTrainingBatch, type TrainingBatchOptions } from "./training-draws.ts";
