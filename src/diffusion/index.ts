export { type HuberOptions, type HuberSchedule, huberThreshold, type LossWeightOptions, lossWeight } from "./loss.ts";
export { type NoiseLevel, type PredictionType, predictOriginal } from "./noise-level.ts";
export { type NoiseSchedule, noiseSchedule, trainTimesteps } from "./noise-schedule.ts";
export { type InputPerturbation, noisyLatents, type Precision, perturbedNoise, velocity } from "./noisy-latents.ts";
export { type ImageToImageStart, imageToImageStart } from "./samplers/image-to-image.ts";
export { createSampler, type SamplerName, samplerDefaults, samplerName, samplerNames } from "./samplers/names.ts";
export type { KeptArea, SampleOptions, Sampler, SamplerCall, SamplerSettings } from "./samplers/sampler.ts";
export {
  drawTimesteps,
  drawTrainingBatch,
  type TimestepRange,
  type TrainingBatch,
  type TrainingBatchOptions,
} from "./training-batch.ts";
export {
  drawTrainingNoise,
  type Generators,
  pyramidNoise,
  type TrainingNoiseOptions,
} from "./training-noise.ts";
