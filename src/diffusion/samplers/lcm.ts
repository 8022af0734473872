import { combine, levelOfAlpha, predictOriginal } from "../noise-level.ts";
import { trainTimesteps } from "../noise-schedule.ts";
import { clipped } from "./clip.ts";
import type { Denoising, SamplerFactory } from "./sampler.ts";
import { tooManySteps } from "./timestep-spacing.ts";

/** Steps of the distillation, of which a run uses some. */
const distilledSteps = 50;
const sigmaData = 0.5;
const timestepScaling = 10;

/** Consistency sampling for models distilled to it: predicts the original, noises it to the next level. No noise in the last step.
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
  const stride = trainTimesteps / distilledSteps;
  return Array.from(
    { length: steps },
    (_, i) => (distilledSteps - Math.floor((i * distilledSteps) / steps)) * stride - 1,
  );
}
