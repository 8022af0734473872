import { combine, predictOriginal } from "../noise-level.ts";
import { dpmSteps, lambda } from "./dpm-steps.ts";
import type { Denoising, SamplerFactory } from "./sampler.ts";

/** DPM-Solver++, singlestep, second order: steps in pairs, the second of a pair starting again from where the first did.
 *  Source: Lu 2022, "DPM-Solver++", algorithm 1. */
export const dpmSingle: SamplerFactory = (settings) => {
  const { steps, predictionType } = settings;
  const { timesteps, levels } = dpmSteps(settings);

  function* denoise(latents: Float64Array, from: number): Denoising {
    let base = latents;
    let previous: Float64Array | undefined;
    for (let step = from; step < steps; step++) {
      const level = levels[step]!;
      const next = levels[step + 1]!;
      const output = yield { latents, level, timestep: timesteps[step]!, step };
      const original = predictOriginal(predictionType, level, latents, output);
      if (previous && isSecondOfPair(step, steps)) {
        const start = levels[step - 1]!;
        const h = lambda(next) - lambda(start);
        const ratio = (lambda(level) - lambda(start)) / h;
        const weight = -next.alpha * Math.expm1(-h);
        const slope = weight / (2 * ratio);
        latents = combine([next.sigma / start.sigma, base], [weight - slope, previous], [slope, original]);
      } else {
        base = latents;
        const h = lambda(next) - lambda(level);
        latents = combine([next.sigma / level.sigma, latents], [-next.alpha * Math.expm1(-h), original]);
      }
      previous = original;
    }
    return latents;
  }
  return { timesteps, levels, initNoiseSigma: 1, denoise };
};

/** Whether a step completes a pair. The last step stands alone. */
function isSecondOfPair(step: number, steps: number): boolean {
  return step % 2 === 1 && step < steps - 1;
}
