import { mean } from "../../array/index.ts";
import { evaluationsToStop } from "../../options/index.ts";
import { type Evaluated, leastSquaresLine } from "./statistics.ts";

/** Least fall, as a multiple of the scatter of the last evaluations. */
const clearly = 3;
/** Least fall as a share of the first loss: learning rates that are far too small give smooth but tiny falls. */
const leastGain = 1e-3;
/** Share of the fall that counts as nearly all of it. */
const nearlyAll = 0.95;
/** Multiples of the step by which the loss had nearly fallen: steps until a run counts as flat, and until it ends after cooldown. */
const [flattened, cooled] = [1.3, 1.5];

/** How far losses have fallen (to the lowest median of three in a row), and how much the last ones scatter about their line. */
export function fallOf(
  evaluated: readonly Evaluated[],
  window: number,
): { readonly fall: number; readonly scatter: number } {
  const losses = lossesOf(evaluated);
  const last = evaluated.slice(-window);
  const { deviation } = leastSquaresLine(
    last.map(({ step }) => step),
    lossesOf(last),
  );
  return { fall: losses[0]! - Math.min(...mediansOfThree(losses)), scatter: deviation };
}

/** Whether losses have fallen at all. */
export function hasLearned(evaluated: readonly Evaluated[], window: number): boolean {
  const { fall, scatter } = fallOf(evaluated, window);
  return fall > clearly * scatter && fall > leastGain * mean(evaluated[0]!.itemLosses);
}

/** The last step of a run that may end early, judged after an evaluation, and the reason as the end of a sentence; undefined if it may not. The learning rate falls to 0 until then.
 *  interval: steps between evaluations. Source of the cooldown: Hägele 2024, "Scaling Laws and Compute-Optimal Training Beyond Fixed Training Durations". */
export function earlyEnd(
  evaluated: readonly Evaluated[],
  {
    window,
    interval,
    warmupSteps,
  }: { readonly window: number; readonly interval: number; readonly warmupSteps: number },
): { readonly lastStep: number; readonly reason: string } | undefined {
  const { step } = evaluated.at(-1)!;
  const sinceWarmup = evaluated.filter((entry) => entry.step > warmupSteps);
  if (sinceWarmup.length < evaluationsToStop || !hasLearned(evaluated, window)) return undefined;
  const losses = lossesOf(evaluated);
  const fall = losses[0]! - Math.min(...losses);
  const reached = evaluated[losses.findIndex((loss) => loss <= losses[0]! - nearlyAll * fall)]!.step;
  if (step < flattened * reached) return undefined;
  return {
    lastStep: Math.max(step + interval, interval * Math.floor((cooled * reached) / interval)),
    reason: `the evaluation loss has flattened: ${100 * nearlyAll} % of its fall by ${fall.toPrecision(2)} was there after step ${reached}`,
  };
}

function lossesOf(evaluated: readonly Evaluated[]): number[] {
  return evaluated.map(({ itemLosses }) => mean(itemLosses));
}

/** The median of every three values in a row; the values themselves if fewer than three. */
function mediansOfThree(values: readonly number[]): readonly number[] {
  if (values.length < 3) return values;
  return values.slice(2).map((value, i) => [values[i]!, values[i + 1]!, value].toSorted((a, b) => a - b)[1]!);
}
