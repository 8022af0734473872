import { combine } from "../noise-level.ts";
import { ancestralSigmas, kStyle, sigmaLevel } from "./k-style.ts";
import type { Denoising, SamplerFactory } from "./sampler.ts";
import { timestepOfSigma } from "./sigmas.ts";

/** Second order by a midpoint: the derivative halfway (in log sigma) carries the whole step. The last step is Euler's.
 *  Source: k-diffusion, sample_dpm_2. */
export const dpm2: SamplerFactory = (settings) => midpointMethod(settings, false);

/** The same with ancestral steps; one noise a step but none in the last. diffusers' midpoint, halfway to sigma_down, is exactly the
 *  next sigma. Source: k-diffusion, sample_dpm_2_ancestral. */
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
