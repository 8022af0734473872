import { combine, levelOfAlpha, predictOriginal } from "../noise-level.ts";
import { clipped } from "./clip.ts";
import type { Denoising, SamplerFactory } from "./sampler.ts";
import { leadingTimesteps } from "./timestep-spacing.ts";

const smallestVariance = 1e-20;

/** The reverse Markov chain with the posterior's ("fixed small") variance. One noise a step, none at timestep 0.
 *  Source: Ho 2020, "Denoising Diffusion Probabilistic Models", eq. 6 and 7. */
export const ddpm: SamplerFactory = ({ schedule, steps, predictionType, stepsOffset, clipSample }) => {
  const timesteps = leadingTimesteps(steps, stepsOffset);
  const levels = timesteps.map((t) => levelOfAlpha(schedule.alphasCumprod[t]!));

  function* denoise(latents: Float64Array, from: number, nextNoise: () => ArrayLike<number>): Denoising {
    for (let step = from; step < steps; step++) {
      const level = levels[step]!;
      const timestep = timesteps[step]!;
      const output = yield { latents, level, timestep, step };
      const original = clipped(predictOriginal(predictionType, level, latents, output), clipSample);
      const next = levels[step + 1] ?? levelOfAlpha(1);
      const kept = (level.alpha / next.alpha) ** 2;
      const variance = Math.max(smallestVariance, (next.sigma / level.sigma) ** 2 * (1 - kept));
      const originalWeight = (next.alpha * (1 - kept)) / level.sigma ** 2;
      const latentsWeight = Math.sqrt(kept) * (next.sigma / level.sigma) ** 2;
      latents = combine([originalWeight, original], [latentsWeight, latents]);
      if (timestep > 0) latents = combine([1, latents], [Math.sqrt(variance), nextNoise()]);
    }
    return latents;
  }
  return { timesteps, levels, initNoiseSigma: 1, denoise };
};
