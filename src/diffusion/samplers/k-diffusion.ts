import { clipped, combine, type NoiseLevel, predictOriginal } from "../noise-level.ts";
import type { Denoising, SamplerFactory, SamplerMethod, SamplerSettings } from "./sampler.ts";
import { linearTimesteps, sigmaAt, sigmaTable, timestepOfSigma } from "./spacing.ts";

/** What k-diffusion's samplers share: latents = original + sigma * noise, steps evenly spaced in time. */
interface KStyle extends Omit<SamplerMethod, "denoise"> {
  /** Sigma of every training timestep. */
  readonly table: Float64Array;
  /** Sigma at the start of each step, then 0. */
  readonly sigmas: readonly number[];
  original(sigma: number, latents: ArrayLike<number>, output: ArrayLike<number>): Float64Array;
  /** d latents / d sigma. */
  derivative(sigma: number, latents: ArrayLike<number>, output: ArrayLike<number>): Float64Array;
}

function kStyle({ schedule, steps, predictionType, clipSample }: SamplerSettings): KStyle {
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

/** An ancestral step from sigma to next: the sigma to step down to, and the strength of the noise that leads back up.
 *  Source: k-diffusion `sampling.py` get_ancestral_step. */
export function ancestralSigmas(sigma: number, next: number): { readonly down: number; readonly up: number } {
  const up = Math.sqrt((next ** 2 * (sigma ** 2 - next ** 2)) / sigma ** 2);
  return { down: next ** 2 / sigma, up };
}

/** Euler's method in sigma. Source: Karras 2022, "Elucidating the Design Space of Diffusion-Based Generative Models", algorithm 1 without its correction. */
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

/** Euler steps to below the next sigma, then fresh noise up to it. Draws one noise per step, of weight 0 in the last.
 *  Source: k-diffusion `sampling.py` sample_euler_ancestral. */
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

/** Heun's method in sigma: an Euler step, repeated with the mean of the derivatives at both ends. Two evaluations per step, one in the last.
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

/** Midpoint method, second order: the derivative halfway (in log sigma) is used for the whole step. The last step is an Euler step.
 *  Source: k-diffusion `sampling.py` sample_dpm_2. */
export const dpm2: SamplerFactory = (settings) => midpointMethod(settings, false);

/** The same with ancestral steps; one noise per step, none in the last. The midpoint in diffusers, halfway to sigma_down, is exactly the
 *  next sigma. Source: k-diffusion `sampling.py` sample_dpm_2_ancestral. */
export const dpm2Ancestral: SamplerFactory = (settings) => midpointMethod(settings, true);

function midpointMethod(settings: Parameters<SamplerFactory>[0], ancestral: boolean): ReturnType<SamplerFactory> {
  const k = kStyle({ ...settings, clipSample: false });

  function* denoise(latents: Float64Array, from: number, nextNoise: () => ArrayLike<number>): Denoising {
    for (let step = from; step < settings.steps; step++) {
      const sigma = k.sigmas[step]!;
      const next = k.sigmas[step + 1]!;
      const output = yield { latents, level: k.levels[step]!, timestep: k.timesteps[step]!, step };
      const derivative = k.derivative(sigma, latents, output);
      if (next === 0) return combine([1, latents], [-sigma, derivative]);
      const { down, up } = ancestral ? ancestralSigmas(sigma, next) : { down: next, up: 0 };
      const middle = Math.sqrt(sigma * down);
      const halfway = combine([1, latents], [middle - sigma, derivative]);
      const timestep = timestepOfSigma(k.table, middle);
      const second = yield { latents: halfway, level: sigmaLevel(middle), timestep, step };
      latents = combine([1, latents], [down - sigma, k.derivative(middle, halfway, second)]);
      if (ancestral) latents = combine([1, latents], [up, nextNoise()]);
    }
    return latents;
  }
  return { ...k, denoise };
}

const largestOrder = 4;

/** Linear multistep in sigma: integrates the polynomial through the last four derivatives. Source: k-diffusion `sampling.py` sample_lms. */
export const lms: SamplerFactory = (settings) => {
  const k = kStyle({ ...settings, clipSample: false });

  function* denoise(latents: Float64Array, from: number): Denoising {
    const derivatives: Float64Array[] = [];
    for (let step = from; step < settings.steps; step++) {
      const output = yield { latents, level: k.levels[step]!, timestep: k.timesteps[step]!, step };
      derivatives.unshift(k.derivative(k.sigmas[step]!, latents, output));
      derivatives.length = Math.min(derivatives.length, largestOrder);
      // when a run starts midway, the weights still count the steps that were skipped, as in diffusers
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

/** Gauss-Legendre quadrature with two points: exact up to degree 3. */
function integral(f: (x: number) => number, from: number, to: number): number {
  const centre = (from + to) / 2;
  const reach = (to - from) / 2;
  return reach * (f(centre - reach / Math.sqrt(3)) + f(centre + reach / Math.sqrt(3)));
}
