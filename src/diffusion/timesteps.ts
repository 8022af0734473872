import type { TorchGenerator } from "../random/index.ts";
import { numTrainTimesteps } from "./noise-schedule.ts";

export interface TimestepRange {
  /** Smallest timestep drawn (default 0). */
  readonly minTimestep?: number | undefined;
  /** One more than the largest timestep drawn (default 1000). */
  readonly maxTimestep?: number | undefined;
}

export interface TimestepOptions extends TimestepRange {
  /** uniform: independent for each sample, as in sd-scripts; the others spread them over an optimizer step (`spreadTimesteps`). */
  readonly timestepSampling?: "uniform" | "stratified" | "cosine" | undefined;
}

/** One timestep per sample, uniform in minTimestep .. maxTimestep - 1. If the range is empty, all are maxTimestep and nothing
 *  is drawn. Source: sd-scripts `library/train_util.py` get_timesteps. */
export function drawTimesteps(
  generator: TorchGenerator,
  batchSize: number,
  { minTimestep = 0, maxTimestep = numTrainTimesteps }: TimestepRange = {},
): number[] {
  if (minTimestep >= maxTimestep) return new Array<number>(batchSize).fill(maxTimestep);
  return generator.randint(minTimestep, maxTimestep, [batchSize]);
}

/** A micro-batch's place in its optimizer step. */
export interface StepShare {
  /** Counted from 0. */
  readonly index: number;
  /** Micro-batches per step. */
  readonly count: number;
}

/** One timestep per sample, spread over minTimestep .. maxTimestep - 1: the range is divided into as many strata of equal probability as the step
 *  has samples, and each sample gets one of its own. A micro-batch takes every count-th stratum, so it also covers the range by itself.
 *  stratified: uniform on the whole. cosine: density proportional to 1 - cos(pi t / 1000) / 2, so high timesteps are up to three times as frequent as low ones.
 *  Source: Huang 2023, "ReVersion", section 3.3, for the density. */
export function spreadTimesteps(
  generator: TorchGenerator,
  batchSize: number,
  { minTimestep = 0, maxTimestep = numTrainTimesteps, timestepSampling }: TimestepOptions,
  { index, count }: StepShare = { index: 0, count: 1 },
): number[] {
  if (minTimestep >= maxTimestep) return new Array<number>(batchSize).fill(maxTimestep);
  const offsets = generator.rand([batchSize]).data;
  const places = generator.randperm(batchSize);
  const quantile = timestepSampling === "cosine" ? cosineQuantile : uniformQuantile;
  return places.map((place, i) => {
    const share = (place + (index + offsets[i]!) / count) / batchSize;
    return Math.min(Math.floor(quantile(share, minTimestep, maxTimestep)), maxTimestep - 1);
  });
}

/** The timestep in low .. high below which a share of the probability lies. */
type Quantile = (share: number, low: number, high: number) => number;

const uniformQuantile: Quantile = (share, low, high) => low + (high - low) * share;

/** By bisection: the integral of the density has no inverse in closed form. */
const cosineQuantile: Quantile = (share, low, high) => {
  const below = (t: number) => t - (numTrainTimesteps / (2 * Math.PI)) * Math.sin((Math.PI * t) / numTrainTimesteps);
  const wanted = below(low) + share * (below(high) - below(low));
  let [least, most] = [low, high];
  for (let round = 0; round < 30; round++) {
    const middle = (least + most) / 2;
    if (below(middle) < wanted) least = middle;
    else most = middle;
  }
  return (least + most) / 2;
};
