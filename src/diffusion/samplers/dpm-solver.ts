import { combine, type NoiseLevel, predictNoise, predictOriginal } from "../noise-level.ts";
import { dpmSteps, lambda } from "./dpm-steps.ts";
import type { Denoising, SamplerFactory, SamplerMethod, SamplerSettings } from "./sampler.ts";

/** With fewer steps, a solver that ends with noise left makes its last step of first order. */
const fewSteps = 15;

/** DPM-Solver++, multistep, second order. Source: Lu 2022, "DPM-Solver++", algorithm 2. */
export const dpmSolverPlusPlus: SamplerFactory = (settings) =>
  multistep(settings, dpmSteps(settings), predictOriginal, originalWeights);

/** The same with Karras' steps. */
export const dpmpp2mKarras: SamplerFactory = (settings) =>
  multistep(settings, dpmSteps(settings, { karras: true }), predictOriginal, originalWeights);

/** The same as a stochastic equation: one noise a step, with weight 0 in the last. */
export const dpmpp2mSdeKarras: SamplerFactory = (settings) =>
  multistep(settings, dpmSteps(settings, { karras: true }), predictOriginal, stochasticWeights);

/** DPM-Solver, multistep, second order, on the predicted noise. Source: Lu 2022, "DPM-Solver".
 *  differs from sd-scripts: its library refuses this solver because the final sigma is 0; here it ends at the smallest sigma. */
export const dpmSolver: SamplerFactory = (settings) =>
  multistep(settings, dpmSteps(settings, { end: "smallest" }), predictNoise, noiseWeights);

/** Weights of a step's three ingredients: the latents, the converted model output, fresh noise (absent when none is drawn). */
interface StepWeights {
  readonly latents: number;
  readonly output: number;
  readonly noise?: number;
}

type WeighStep = (from: NoiseLevel, to: NoiseLevel) => StepWeights;

function originalWeights(from: NoiseLevel, to: NoiseLevel): StepWeights {
  const h = lambda(to) - lambda(from);
  return { latents: to.sigma / from.sigma, output: -to.alpha * Math.expm1(-h) };
}

function noiseWeights(from: NoiseLevel, to: NoiseLevel): StepWeights {
  const h = lambda(to) - lambda(from);
  return { latents: to.alpha / from.alpha, output: -to.sigma * Math.expm1(h) };
}

function stochasticWeights(from: NoiseLevel, to: NoiseLevel): StepWeights {
  const h = lambda(to) - lambda(from);
  const renewed = -Math.expm1(-2 * h);
  return {
    latents: (to.sigma / from.sigma) * Math.exp(-h),
    output: to.alpha * renewed,
    noise: to.sigma * Math.sqrt(renewed),
  };
}

function multistep(
  { steps, predictionType }: SamplerSettings,
  { timesteps, levels }: ReturnType<typeof dpmSteps>,
  convert: typeof predictOriginal,
  weigh: WeighStep,
): SamplerMethod {
  const endsClean = levels[steps]!.sigma === 0;

  function* denoise(latents: Float64Array, from: number, nextNoise: () => ArrayLike<number>): Denoising {
    let previous: Float64Array | undefined;
    for (let step = from; step < steps; step++) {
      const level = levels[step]!;
      const output = convert(
        predictionType,
        level,
        latents,
        yield { latents, level, timestep: timesteps[step]!, step },
      );
      const weights = weigh(level, levels[step + 1]!);
      const firstOrder = step === steps - 1 && (endsClean || steps < fewSteps);
      const slope = previous && !firstOrder ? 1 / (2 * relativeStep(levels, step)) : 0;
      latents = combine([weights.latents, latents], [weights.output * (1 + slope), output]);
      if (slope) latents = combine([1, latents], [-weights.output * slope, previous!]);
      if (weights.noise !== undefined) latents = combine([1, latents], [weights.noise, nextNoise()]);
      previous = output;
    }
    return latents;
  }
  return { timesteps, levels, initNoiseSigma: 1, denoise };
}

/** Length of the step before in units of this one, in lambda. */
function relativeStep(levels: readonly NoiseLevel[], step: number): number {
  const [before, now, after] = [lambda(levels[step - 1]!), lambda(levels[step]!), lambda(levels[step + 1]!)];
  return (now - before) / (after - now);
}
