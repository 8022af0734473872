import { combine } from "../noise-level.ts";
import { kStyle } from "./k-style.ts";
import type { Denoising, SamplerFactory } from "./sampler.ts";

/** Euler's method in sigma. Source: Karras 2022, "Elucidating the Design Space of Diffusion-Based Generative Models". */
export const euler: SamplerFactory = (settings) => {
  const k = kStyle({ ...settings, clipSample: false });

  function* denoise(latents: Float64Array, from: number): Denoising {
    for (let step = from; step < settings.steps; step++) {
      const sigma = k.sigmas[step]!;
      const output = yield { latents, level: k.levels[step]!, timestep: k.timesteps[step]!, step };
      latents = combine([1, latents], [k.sigmas[step + 1]! - sigma, k.derivative(sigma, latents, output)]);
    }
    return latents;
  }
  return { ...k, denoise };
};
