import type { NdArray } from "../array/index.ts";
import type { TorchGenerator } from "../random/index.ts";
import { type NoiseSchedule, trainTimesteps } from "./noise-schedule.ts";
import { type InputPerturbation, noisyLatents, type Precision, perturbedNoise } from "./noisy-latents.ts";
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

export interface TimestepRange {
  /** Smallest timestep drawn (default 0). */
  readonly minTimestep?: number | undefined;
  /** One more than the largest timestep drawn (default 1000). */
  readonly maxTimestep?: number | undefined;
}

/** One timestep for each sample of a batch, uniform in minTimestep .. maxTimestep - 1. All are maxTimestep, and nothing is drawn, where
 *  the range is empty. */
export function drawTimesteps(
  generator: TorchGenerator,
  batchSize: number,
  { minTimestep = 0, maxTimestep = trainTimesteps }: TimestepRange = {},
): number[] {
  if (minTimestep >= maxTimestep) return new Array<number>(batchSize).fill(maxTimestep);
  return generator.randint(minTimestep, maxTimestep, [batchSize]);
}
