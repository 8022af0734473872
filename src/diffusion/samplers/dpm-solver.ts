import { roundHalfEven } from "../../array/index.ts";
import { combine, levelOfSigma, type NoiseLevel, predictNoise, predictOriginal } from "../noise-level.ts";
import { ancestralSigmas, sigmaLevel } from "./k-diffusion.ts";
import type { Denoising, SamplerFactory, SamplerMethod, SamplerSettings } from "./sampler.ts";
import { karrasSigmas, roundedLinearTimesteps, sigmaAt, sigmaTable, timestepOfSigma } from "./spacing.ts";

/** The steps of a solver of the DPM family. */
interface DpmSteps {
  /** Whole timesteps. */
  readonly timesteps: readonly number[];
  /** Variance-preserving level at the beginning of each step, and at the end. */
  readonly levels: readonly NoiseLevel[];
}

/** Steps evenly spaced in time or, with `karras`, in sigma^(1/7). The last step ends without noise or at the schedule's smallest sigma. */
export function dpmSteps(
  { schedule, steps }: SamplerSettings,
  { karras = false, end = "zero" }: { readonly karras?: boolean; readonly end?: "zero" | "smallest" } = {},
): DpmSteps {
  const table = sigmaTable(schedule);
  const last = end === "zero" ? 0 : table[0]!;
  if (karras) {
    const sigmas = karrasSigmas(table, steps);
    const timesteps = sigmas.map((sigma) => roundHalfEven(timestepOfSigma(table, sigma)));
    return { timesteps, levels: [...sigmas, last].map(levelOfSigma) };
  }
  const timesteps = roundedLinearTimesteps(steps);
  return { timesteps, levels: [...timesteps.map((t) => sigmaAt(table, t)), last].map(levelOfSigma) };
}

/** Half the log signal-to-noise ratio: the time variable for which these solvers are exponential integrators. */
export function lambda({ alpha, sigma }: NoiseLevel): number {
  return Math.log(alpha) - Math.log(sigma);
}

/** With fewer steps, the last step of a solver that leaves noise is of first order. */
const fewSteps = 15;

/** DPM-Solver++, multistep, second order. Source: Lu 2022, "DPM-Solver++", algorithm 2. */
export const dpmSolverPlusPlus: SamplerFactory = (settings) =>
  multistep(settings, dpmSteps(settings), predictOriginal, originalWeights);

/** The same on Karras steps. */
export const dpmpp2mKarras: SamplerFactory = (settings) =>
  multistep(settings, dpmSteps(settings, { karras: true }), predictOriginal, originalWeights);

/** Its SDE variant on Karras steps: one noise per step, of weight 0 in the last. */
export const dpmpp2mSdeKarras: SamplerFactory = (settings) =>
  multistep(settings, dpmSteps(settings, { karras: true }), predictOriginal, stochasticWeights);

/** DPM-Solver, multistep, second order, on the predicted noise. Source: Lu 2022, "DPM-Solver: A Fast ODE Solver for Diffusion Probabilistic Model Sampling".
 *  differs from sd-scripts: the sampler dpmsolver fails, because diffusers refuses it with a final sigma of 0.
 *  coinage: dpmsolver ends at the smallest sigma of the schedule.
 *  because: the formula of its step diverges at a sigma of 0. */
export const dpmSolver: SamplerFactory = (settings) =>
  multistep(settings, dpmSteps(settings, { end: "smallest" }), predictNoise, noiseWeights);

/** Weights of the latents, the converted model output and fresh noise in a step (no noise weight: none is drawn). */
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

/** Length of the previous step relative to this one, in lambda. */
function relativeStep(levels: readonly NoiseLevel[], step: number): number {
  const [before, now, after] = [lambda(levels[step - 1]!), lambda(levels[step]!), lambda(levels[step + 1]!)];
  return (now - before) / (after - now);
}

/** DPM-Solver++, singlestep, second order: steps in pairs, the second of a pair from where the first started.
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

/** Whether a step completes a pair. The last step is always single. */
function isSecondOfPair(step: number, steps: number): boolean {
  return step % 2 === 1 && step < steps - 1;
}

/** The SDE variant of DPM-Solver++, singlestep with a midpoint in log sigma, on Karras steps. Two evaluations and two noises per
 *  step; one evaluation and no noise in the last. Source: k-diffusion `sampling.py` sample_dpmpp_sde, with independent noises. */
export const dpmppSdeKarras: SamplerFactory = ({ schedule, steps, predictionType }) => {
  const table = sigmaTable(schedule);
  const begins = karrasSigmas(table, steps);
  const sigmas = [...begins, 0];
  const timesteps = begins.map((sigma) => timestepOfSigma(table, sigma));
  const levels = begins.map(sigmaLevel);

  /** A step from sigma to a lower one along a predicted original, with fresh noise. */
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
