import { mean } from "../../array/index.ts";
import { evaluationsToStop } from "../../options/index.ts";
import { type Evaluated, leastSquaresLine } from "./statistics.ts";

/** So many times the scatter of the last evaluations a fall must be, to be one. */
const clearly = 3;
/** A fall below this share of the first loss is none, however smooth: rates that are far too small give such. */
const leastGain = 1e-3;
/** Share of the fall that counts as all of it. */
const nearlyAll = 0.95;
/** Multiples of the step by which nearly all of the fall was there: a run that has made so many steps has flattened, and one that ends has cooled down. */
const [flattened, cooled] = [1.3, 1.5];

/** How far losses have fallen, to the lowest median of three in a row, and how much the last ones scatter about their line. */
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

/** How a run may end after its last evaluation; undefined where it may not. The reason is the end of a sentence. Up to the last step the learning rate falls to 0.
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

/** The median of every three values in a row; all values where there are fewer. */
function mediansOfThree(values: readonly number[]): readonly number[] {
  if (values.length < 3) return values;
  return values.slice(2).map((value, i) => [values[i]!, values[i + 1]!, value].toSorted((a, b) => a - b)[1]!);
}
