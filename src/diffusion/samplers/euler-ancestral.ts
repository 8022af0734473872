import { combine } from "../noise-level.ts";
import { ancestralSigmas, kStyle } from "./k-style.ts";
import type { Denoising, SamplerFactory } from "./sampler.ts";

/** Euler steps to below the next sigma, then fresh noise up to it. Draws one noise a step, also for the last, where its weight is 0. */
export const eulerAncestral: SamplerFactory = (settings) => {
  const k = kStyle({ ...settings, clipSample: false });

  function* denoise(latents: Float64Array, from: number, nextNoise: () => ArrayLike<number>): Denoising {
    for (let step = from; step < settings.steps; step++) {
      const sigma = k.sigmas[step]!;
      const { down, up } = ancestralSigmas(sigma, k.sigmas[step + 1]!);
      const output = yield { latents, level: k.levels[step]!, timestep: k.timesteps[step]!, step };
      latents = combine([1, latents], [down - sigma, k.derivative(sigma, latents, output)], [up, nextNoise()]);
    }
    return latents;
  }
  return { ...k, denoise };
};
