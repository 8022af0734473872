import { combine, levelOfAlpha, type NoiseLevel, predictNoise } from "../noise-level.ts";
import type { Denoising, SamplerFactory } from "./sampler.ts";
import { leadingStride, leadingTimesteps, smallestAlpha } from "./spacing.ts";

/** Weights of the newest to the oldest stored output: Adams-Bashforth of order 1 to 4. */
const adamsBashforth = [
  [1],
  [3 / 2, -1 / 2],
  [23 / 12, -16 / 12, 5 / 12],
  [55 / 24, -59 / 24, 37 / 24, -9 / 24],
] as const;

const rungeKuttaSteps = 3;

/** Pseudo linear multistep sampler with a Runge-Kutta start: four evaluations in each of its first three steps.
 *  Source: Liu 2022, "Pseudo Numerical Methods for Diffusion Models on Manifolds". */
export const pndm: SamplerFactory = ({ schedule, steps, predictionType, stepsOffset }) => {
  const timesteps = leadingTimesteps(steps, stepsOffset);
  const stride = leadingStride(steps);
  const half = Math.floor(stride / 2);
  const levelAt = (t: number) => levelOfAlpha(Math.max(smallestAlpha, schedule.alphasCumprod[Math.max(0, t)]!));

  /** Moves latents from timestep t to p along a model output. A velocity refers to the latents at t. */
  function transfer(latents: Float64Array, t: number, p: number, output: ArrayLike<number>): Float64Array {
    const from = levelAt(t);
    return move(latents, from, levelAt(p), predictNoise(predictionType, from, latents, output));
  }

  function* denoise(latents: Float64Array, from: number): Denoising {
    const history: ArrayLike<number>[] = [];
    for (let step = from; step < steps; step++) {
      const t = timesteps[step]!;
      const next = timesteps[step + 1];
      const call = (state: Float64Array, timestep: number) => ({
        latents: state,
        level: levelAt(timestep),
        timestep,
        step,
      });
      const first = yield call(latents, t);
      history.unshift(first);
      // differs from sd-scripts: the sampler pndm fails when fewer than four steps are left to run.
      // coinage: the last of fewer than four steps of pndm is a multistep one of lower order.
      // because: a Runge-Kutta step ends at the next timestep, and the last step has none.
      if (step < from + rungeKuttaSteps && next !== undefined) {
        const middle = next + half;
        const second = yield call(transfer(latents, t, t - half, first), middle);
        const third = yield call(transfer(latents, t, middle, second), middle);
        const fourth = yield call(transfer(latents, t, next, third), next);
        latents = transfer(latents, t, next, combine([1 / 6, first], [1 / 3, second], [1 / 3, third], [1 / 6, fourth]));
      } else {
        history.length = Math.min(history.length, adamsBashforth.length);
        const weights = adamsBashforth[history.length - 1]!;
        const output = combine(...weights.map((weight, i) => [weight, history[i]!] as const));
        latents = transfer(latents, t, t - stride, output);
      }
    }
    return latents;
  }
  return { timesteps, levels: timesteps.map(levelAt), initNoiseSigma: 1, denoise };
};

/** Source: Liu 2022, eq. 11. */
function move(latents: Float64Array, from: NoiseLevel, to: NoiseLevel, noise: ArrayLike<number>): Float64Array {
  const [alpha, target] = [from.alpha ** 2, to.alpha ** 2];
  const denominator = alpha * to.sigma + from.alpha * from.sigma * to.alpha;
  return combine([to.alpha / from.alpha, latents], [-(target - alpha) / denominator, noise]);
}
