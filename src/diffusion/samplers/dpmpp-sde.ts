import { combine, predictOriginal } from "../noise-level.ts";
import { ancestralSigmas, sigmaLevel } from "./k-style.ts";
import type { Denoising, SamplerFactory } from "./sampler.ts";
import { karrasSigmas, sigmaTable, timestepOfSigma } from "./sigmas.ts";

/** DPM-Solver++ as a stochastic equation, singlestep with a midpoint in log sigma, on Karras' steps. Two evaluations and two noises a
 *  step; one evaluation and none in the last. Source: k-diffusion, sample_dpmpp_sde, with independent noises. */
export const dpmppSdeKarras: SamplerFactory = ({ schedule, steps, predictionType }) => {
  const table = sigmaTable(schedule);
  const begins = karrasSigmas(table, steps);
  const sigmas = [...begins, 0];
  const timesteps = begins.map((sigma) => timestepOfSigma(table, sigma));
  const levels = begins.map(sigmaLevel);

  /** From sigma to a lower one along a predicted original, with fresh noise. */
  function ancestralStep(
    latents: Float64Array,
    [sigma, next]: readonly [number, number],
    original: Float64Array,
    noise: ArrayLike<number>,
  ): Float64Array {
    const { down, up } = ancestralSigmas(sigma, next);
    return combine([down / sigma, latents], [1 - down / sigma, original], [up, noise]);
  }

  function* denoise(latents: Float64Array, from: number, nextNoise: () => ArrayLike<number>): Denoising {
    for (let step = from; step < steps; step++) {
      const sigma = sigmas[step]!;
      const next = sigmas[step + 1]!;
      const level = levels[step]!;
      const output = yield { latents, level, timestep: timesteps[step]!, step };
      const original = predictOriginal(predictionType, level, latents, output);
      if (next === 0) return original;
      const middle = Math.sqrt(sigma * next);
      const halfway = ancestralStep(latents, [sigma, middle], original, nextNoise());
      const middleLevel = sigmaLevel(middle);
      const second = yield { latents: halfway, level: middleLevel, timestep: timestepOfSigma(table, middle), step };
      const refined = predictOriginal(predictionType, middleLevel, halfway, second);
      latents = ancestralStep(latents, [sigma, next], refined, nextNoise());
    }
    return latents;
  }
  return { timesteps, levels, initNoiseSigma: begins[0]!, denoise };
};
