import { combine } from "../noise-level.ts";
import { kStyle, sigmaLevel } from "./k-style.ts";
import type { Denoising, SamplerFactory } from "./sampler.ts";

/** Heun's method in sigma: an Euler step, then again with the mean of both ends' derivatives. Two evaluations a step, one in the last.
 *  Source: Karras 2022, "Elucidating the Design Space of Diffusion-Based Generative Models", algorithm 1. */
export const heun: SamplerFactory = (settings) => {
  const k = kStyle(settings);

  function* denoise(latents: Float64Array, from: number): Denoising {
    for (let step = from; step < settings.steps; step++) {
      const sigma = k.sigmas[step]!;
      const next = k.sigmas[step + 1]!;
      const output = yield { latents, level: k.levels[step]!, timestep: k.timesteps[step]!, step };
      const derivative = k.derivative(sigma, latents, output);
      const proposal = combine([1, latents], [next - sigma, derivative]);
      if (next === 0) return proposal;
      const second = yield { latents: proposal, level: sigmaLevel(next), timestep: k.timesteps[step + 1]!, step };
      const half = (next - sigma) / 2;
      latents = combine([1, latents], [half, derivative], [half, k.derivative(next, proposal, second)]);
    }
    return latents;
  }
  return { ...k, denoise };
};
