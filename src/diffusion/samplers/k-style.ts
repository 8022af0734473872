import { combine, type NoiseLevel, predictOriginal } from "../noise-level.ts";
import { clipped } from "./clip.ts";
import type { SamplerMethod, SamplerSettings } from "./sampler.ts";
import { sigmaAt, sigmaTable } from "./sigmas.ts";
import { linearTimesteps } from "./timestep-spacing.ts";

/** What the k-style samplers (after k-diffusion) share: latents = original + sigma * noise, steps even in time. */
export interface KStyle extends Omit<SamplerMethod, "denoise"> {
  /** Sigma of every training timestep. */
  readonly table: Float64Array;
  /** Sigma at the beginning of each step, and 0 at the end. */
  readonly sigmas: readonly number[];
  original(sigma: number, latents: ArrayLike<number>, output: ArrayLike<number>): Float64Array;
  /** d latents / d sigma. */
  derivative(sigma: number, latents: ArrayLike<number>, output: ArrayLike<number>): Float64Array;
}

export function kStyle({ schedule, steps, predictionType, clipSample }: SamplerSettings): KStyle {
  const table = sigmaTable(schedule);
  const timesteps = linearTimesteps(steps);
  const begins = timesteps.map((t) => sigmaAt(table, t));
  const original: KStyle["original"] = (sigma, latents, output) =>
    clipped(predictOriginal(predictionType, sigmaLevel(sigma), latents, output), clipSample);
  return {
    table,
    timesteps,
    sigmas: [...begins, 0],
    levels: begins.map(sigmaLevel),
    initNoiseSigma: begins[0]!,
    original,
    derivative: (sigma, latents, output) => {
      return combine([1 / sigma, latents], [-1 / sigma, original(sigma, latents, output)]);
    },
  };
}

export function sigmaLevel(sigma: number): NoiseLevel {
  return { alpha: 1, sigma };
}

/** An ancestral step from sigma to next: the noise level to go down to, and the fresh noise that brings it back up. */
export function ancestralSigmas(sigma: number, next: number): { readonly down: number; readonly up: number } {
  const up = Math.sqrt((next ** 2 * (sigma ** 2 - next ** 2)) / sigma ** 2);
  return { down: next ** 2 / sigma, up };
}
