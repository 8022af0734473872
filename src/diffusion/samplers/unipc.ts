import { combine, type NoiseLevel, predictOriginal } from "../noise-level.ts";
import { dpmSteps, lambda } from "./dpm-solver.ts";
import type { Denoising, SamplerFactory } from "./sampler.ts";

/** UniPC, second order, with B2(h) = e^h - 1: each evaluation first corrects the step that led to it, then predicts the next.
 *  Source: Zhao 2023, "UniPC: A Unified Predictor-Corrector Framework for Fast Sampling of Diffusion Models". */
export const unipc: SamplerFactory = (settings) => {
  const { steps, predictionType } = settings;
  const { timesteps, levels } = dpmSteps(settings);

  function* denoise(latents: Float64Array, from: number): Denoising {
    let last: { readonly latents: Float64Array; readonly order: number } | undefined;
    const history: Float64Array[] = [];
    for (let step = from; step < steps; step++) {
      const level = levels[step]!;
      const output = yield { latents, level, timestep: timesteps[step]!, step };
      const original = predictOriginal(predictionType, level, latents, output);
      if (last) latents = correct(levels, step, last.latents, [original, ...history], last.order);
      history.unshift(original);
      history.length = Math.min(history.length, 2);
      const order = Math.min(history.length, steps - step);
      last = { latents, order };
      latents = predict(levels, step, latents, history, order);
    }
    return latents;
  }
  return { timesteps, levels, initNoiseSigma: 1, denoise };
};

/** Latents at the end of `step` from those at its beginning. originals: newest first. */
function predict(
  levels: readonly NoiseLevel[],
  step: number,
  latents: Float64Array,
  originals: readonly Float64Array[],
  order: number,
): Float64Array {
  const [from, to] = [levels[step]!, levels[step + 1]!];
  const [now, before] = [originals[0]!, originals[1]!];
  const weight = -to.alpha * Math.expm1(lambda(from) - lambda(to));
  const base = combine([to.sigma / from.sigma, latents], [weight, now]);
  if (order === 1) return base;
  const ratio = earlierRatio(levels, step);
  return combine([1, base], [weight / (2 * ratio), before], [-weight / (2 * ratio), now]);
}

/** The corrected latents at the start of `step`, now that the original is predicted there.
 *  latents: at the start of the previous step; originals: of this step, the previous one and the one before. */
function correct(
  levels: readonly NoiseLevel[],
  step: number,
  latents: Float64Array,
  originals: readonly Float64Array[],
  order: number,
): Float64Array {
  const [from, to] = [levels[step - 1]!, levels[step]!];
  const [reached, now, before] = [originals[0]!, originals[1]!, originals[2]!];
  const h = lambda(to) - lambda(from);
  const weight = -to.alpha * Math.expm1(-h);
  const base = combine([to.sigma / from.sigma, latents], [weight, now]);
  if (order === 1) return combine([1, base], [weight / 2, reached], [-weight / 2, now]);
  const ratio = earlierRatio(levels, step - 1);
  const [earlier, ahead] = correctorWeights(-h, ratio);
  return combine(
    [1, base],
    [(weight * earlier) / ratio, before],
    [weight * ahead, reached],
    [-weight * (earlier / ratio + ahead), now],
  );
}

/** Solves the order conditions of the second-order corrector. */
function correctorWeights(h: number, ratio: number): [number, number] {
  const growth = Math.expm1(h);
  const phi1 = growth / h - 1;
  const phi2 = phi1 / h - 1 / 2;
  const sum = phi1 / growth;
  const moment = (2 * phi2) / growth;
  const earlier = (sum - moment) / (1 - ratio);
  return [earlier, sum - earlier];
}

/** Start of the previous step, in units of this step; negative. */
function earlierRatio(levels: readonly NoiseLevel[], step: number): number {
  const now = lambda(levels[step]!);
  return (lambda(levels[step - 1]!) - now) / (lambda(levels[step + 1]!) - now);
}
