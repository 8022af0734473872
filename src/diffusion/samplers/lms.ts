import { combine } from "../noise-level.ts";
import { kStyle } from "./k-style.ts";
import type { Denoising, SamplerFactory } from "./sampler.ts";

const largestOrder = 4;

/** Linear multistep in sigma: integrates the polynomial through the last four derivatives. Source: k-diffusion, sample_lms. */
export const lms: SamplerFactory = (settings) => {
  const k = kStyle({ ...settings, clipSample: false });

  function* denoise(latents: Float64Array, from: number): Denoising {
    const derivatives: Float64Array[] = [];
    for (let step = from; step < settings.steps; step++) {
      const output = yield { latents, level: k.levels[step]!, timestep: k.timesteps[step]!, step };
      derivatives.unshift(k.derivative(k.sigmas[step]!, latents, output));
      derivatives.length = Math.min(derivatives.length, largestOrder);
      // begun midway, the weights still count the steps that were never made: diffusers does so
      const weights = multistepWeights(k.sigmas, step, Math.min(step + 1, largestOrder));
      latents = combine([1, latents], ...derivatives.map((derivative, j) => [weights[j]!, derivative] as const));
    }
    return latents;
  }
  return { ...k, denoise };
};

/** Integral over the step of each Lagrange polynomial through the last `order` sigmas, newest first. */
function multistepWeights(sigmas: readonly number[], step: number, order: number): number[] {
  const nodes = Array.from({ length: order }, (_, j) => sigmas[step - j]!);
  return nodes.map((node, j) => {
    const lagrange = (tau: number) =>
      nodes.reduce((product, other, k) => (k === j ? product : (product * (tau - other)) / (node - other)), 1);
    return integral(lagrange, sigmas[step]!, sigmas[step + 1]!);
  });
}

/** Gauss' rule with two points: exact up to degree 3. */
function integral(f: (x: number) => number, from: number, to: number): number {
  const centre = (from + to) / 2;
  const reach = (to - from) / 2;
  return reach * (f(centre - reach / Math.sqrt(3)) + f(centre + reach / Math.sqrt(3)));
}
