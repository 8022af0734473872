import { combine, levelOfAlpha, predictNoise, predictOriginal } from "../noise-level.ts";
import { clipped } from "./clip.ts";
import type { Denoising, SamplerFactory } from "./sampler.ts";
import { leadingStride, leadingTimesteps } from "./timestep-spacing.ts";

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
