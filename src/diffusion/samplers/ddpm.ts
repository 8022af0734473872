import { clipped, combine, levelOfAlpha, predictNoise, predictOriginal } from "../noise-level.ts";
import { numTrainTimesteps } from "../noise-schedule.ts";
import type { Denoising, SamplerFactory } from "./sampler.ts";
import { leadingStride, leadingTimesteps, tooManySteps } from "./spacing.ts";

const smallestVariance = 1e-20;

/** The reverse Markov chain with the variance of the posterior ("fixed small"). Draws one noise per step, none at timestep 0.
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

/** DDIM, deterministic (eta 0). Source: Song 2020, "Denoising Diffusion Implicit Models", eq. 12. */
export const ddim: SamplerFactory = ({ schedule, steps, predictionType, stepsOffset, clipSample }) => {
  const timesteps = leadingTimesteps(steps, stepsOffset);
  const stride = leadingStride(steps);
  const levels = timesteps.map((t) => levelOfAlpha(schedule.alphasCumprod[t]!));
  const afterwards = timesteps.map((t) => levelOfAlpha(schedule.alphasCumprod[t - stride] ?? 1));

  function* denoise(latents: Float64Array, from: number): Denoising {
    for (let step = from; step < steps; step++) {
      const level = levels[step]!;
      const output = yield { latents, level, timestep: timesteps[step]!, step };
      const original = clipped(predictOriginal(predictionType, level, latents, output), clipSample);
      const noise = predictNoise(predictionType, level, latents, output);
      const { alpha, sigma } = afterwards[step]!;
      latents = combine([alpha, original], [sigma, noise]);
    }
    return latents;
  }
  return { timesteps, levels, initNoiseSigma: 1, denoise };
};

/** Steps of the distillation; a run uses a subset. */
const distilledSteps = 50;
const sigmaData = 0.5;
const timestepScaling = 10;

/** Multistep consistency sampling for distilled models: predicts the original and adds noise for the next level; none in the last step.
 *  Source: Luo 2023, "Latent Consistency Models". */
export const lcm: SamplerFactory = ({ schedule, steps, predictionType, clipSample }) => {
  const timesteps = distilledTimesteps(steps);
  const levels = timesteps.map((t) => levelOfAlpha(schedule.alphasCumprod[t]!));

  function* denoise(latents: Float64Array, from: number, nextNoise: () => ArrayLike<number>): Denoising {
    for (let step = from; step < steps; step++) {
      const level = levels[step]!;
      const timestep = timesteps[step]!;
      const output = yield { latents, level, timestep, step };
      const original = clipped(predictOriginal(predictionType, level, latents, output), clipSample);
      const time = timestep * timestepScaling;
      const skip = sigmaData ** 2 / (time ** 2 + sigmaData ** 2);
      const denoised = combine([time / Math.sqrt(time ** 2 + sigmaData ** 2), original], [skip, latents]);
      const next = levels[step + 1];
      latents = next ? combine([next.alpha, denoised], [next.sigma, nextNoise()]) : denoised;
    }
    return latents;
  }
  return { timesteps, levels, initNoiseSigma: 1, denoise };
};

function distilledTimesteps(steps: number): number[] {
  if (steps > distilledSteps) throw tooManySteps(steps, distilledSteps);
  const stride = numTrainTimesteps / distilledSteps;
  return Array.from(
    { length: steps },
    (_, i) => (distilledSteps - Math.floor((i * distilledSteps) / steps)) * stride - 1,
  );
}
