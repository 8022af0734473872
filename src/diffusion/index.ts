export { type HuberOptions, type HuberSchedule, huberThreshold, type LossWeightOptions, lossWeight } from "./loss.ts";
export { type NoiseLevel, type PredictionType, predictOriginal } from "./noise-level.ts";
export { type NoiseSchedule, noiseSchedule, numTrainTimesteps } from "./noise-schedule.ts";
export { type InputPerturbation, noisyLatents, type Precision, perturbedNoise, velocity } from "./noisy-latents.ts";
export { createSampler, type SamplerName, samplerDefaults, samplerName, samplerNames } from "./samplers/names.ts";
export {
  type ImageToImageStart,
  imageToImageStart,
  type KeptArea,
  type SampleOptions,
  type Sampler,
  type SamplerCall,
  type SamplerSettings,
} from "./samplers/sampler.ts";
export {
  drawTimesteps,
  drawTrainingBatch,
  drawTrainingNoise,
  type Generators,
  pyramidNoise,
  type TimestepRange,
  type TrainingBatch,
  type TrainingBatchOptions,
  type TrainingNoiseOptions,
} from "./training-batch.ts";
