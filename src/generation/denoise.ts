import { arrayOf, type NdArray } from "../array/index.ts";
import { type PredictionType, predictOriginal, type SampleOptions, type Sampler } from "../diffusion/index.ts";
import type { Networks, UNetConditioning } from "../networks/index.ts";
import { type Guidance, guided } from "./guidance.ts";

/** What the U-Net reads beside latents and time, for every group of texts: [groups * B, ...]. */
export interface Condition extends UNetConditioning {
  readonly groups: number;
}

export interface DenoisedStep {
  /** Steps done, from 1. */
  readonly step: number;
  readonly steps: number;
  readonly latents: Float32Array;
  /** Where the step's last look at the latents sees them end, without noise. */
  readonly original: (type: PredictionType) => Float32Array;
}

/** Denoises a batch of latents [B, 4, h, w]: gives out where they stand after every step and returns the finished ones. */
export async function* denoise(
  latents: NdArray<Float32Array>,
  sampler: Sampler,
  networks: Networks,
  condition: Condition,
  guidance: Guidance,
  options: SampleOptions,
): AsyncGenerator<DenoisedStep, NdArray<Float32Array>> {
  const { from = 0 } = options;
  const steps = sampler.timesteps.length - from;
  const { shape } = latents;
  const run = sampler.sample(latents.data, options);
  let next = run.next();
  while (!next.done) {
    const { modelInput, level, timestep, step } = next.value;
    const outputs = await predict(arrayOf(shape, modelInput), timestep, networks, condition);
    const output = guided(outputs, condition.groups, guidance);
    const original = (type: PredictionType) => Float32Array.from(predictOriginal(type, level, modelInput, output));
    next = run.next(output);
    if (next.done) yield { step: steps, steps, latents: next.value, original };
    else if (next.value.step !== step)
      yield { step: step + 1 - from, steps, latents: Float32Array.from(next.value.latents), original };
  }
  return arrayOf(shape, next.value);
}

/** The U-Net's output for every group. */
async function predict(
  { shape, data }: NdArray<Float32Array>,
  timestep: number,
  networks: Networks,
  condition: Condition,
): Promise<Float32Array> {
  const { groups } = condition;
  const rows = groups * shape[0]!;
  const repeated = new Float32Array(groups * data.length);
  for (let group = 0; group < groups; group++) repeated.set(data, group * data.length);
  return (await networks.predict(arrayOf([rows, ...shape.slice(1)], repeated), timestep, condition)).data;
}
