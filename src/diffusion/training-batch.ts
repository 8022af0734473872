import type { NdArray } from "../array/index.ts";
import type { NoiseSchedule } from "./noise-schedule.ts";
import { type InputPerturbation, noisyLatents, perturbedNoise } from "./noisy-latents.ts";
import type { Precision } from "./precision.ts";
import { drawTimesteps, type TimestepRange } from "./timesteps.ts";
import { drawTrainingNoise, type Generators, type TrainingNoiseOptions } from "./training-noise.ts";

export type TrainingBatchOptions = TrainingNoiseOptions & TimestepRange & InputPerturbation;

export interface TrainingBatch {
  /** What a network of type "epsilon" is to predict. */
  readonly noise: NdArray<Float32Array>;
  readonly noisyLatents: NdArray<Float32Array>;
  /** One for each sample. */
  readonly timesteps: readonly number[];
}

/** Everything random about a training batch, drawn in sd-scripts' order: noise, timesteps, input perturbation. latents: [B,C,H,W]. */
export function drawTrainingBatch(
  latents: NdArray<Float32Array>,
  options: TrainingBatchOptions,
  schedule: NoiseSchedule,
  generators: Generators,
  precision: Precision = "float32",
): TrainingBatch {
  const noise = drawTrainingNoise(latents, options, generators, precision);
  const timesteps = drawTimesteps(generators.torch, latents.shape[0]!, options);
  const added = perturbedNoise(noise, options, generators.torch, precision);
  return { noise, timesteps, noisyLatents: noisyLatents(latents, added, timesteps, schedule, precision) };
}
