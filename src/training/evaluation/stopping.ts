import { mean } from "../../array/index.ts";
import { evaluationsToStop } from "../../options/index.ts";
import { type Evaluated, leastSquaresLine } from "./statistics.ts";

/** So many times the scatter of the last evaluations a fall must be, to be one. */
const clearly = 3;
/** A fall below this share of the first loss is none, however smooth: rates that are far too small give such. */
const leastGain = 1e-3;
/** Share of the fall that counts as all of it. */
const nearlyAll = 0.95;
/** A run has flattened once it has made so many times the steps by which nearly all of the fall was there. */
const patience = 1.25;

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

/** Why a run may end after its last evaluation, as the end of a sentence; undefined where it may not. */
export function stopReason(evaluated: readonly Evaluated[], window: number, warmupSteps: number): string | undefined {
  const { step } = evaluated.at(-1)!;
  const sinceWarmup = evaluated.filter((entry) => entry.step > warmupSteps);
  if (sinceWarmup.length < evaluationsToStop || !hasLearned(evaluated, window)) return undefined;
  const losses = lossesOf(evaluated);
  const fall = losses[0]! - Math.min(...losses);
  const reached = evaluated[losses.findIndex((loss) => loss <= losses[0]! - nearlyAll * fall)]!.step;
  if (step < patience * reached) return undefined;
  return `the evaluation loss has flattened: ${100 * nearlyAll} % of its fall by ${fall.toPrecision(2)} was there after step ${reached}`;
}

/** Steps in which the learning rate of a run falls to 0 that is to end after so many: a sixth as many, in whole intervals of evaluations.
 *  Source: Hägele 2024, "Scaling Laws and Compute-Optimal Training Beyond Fixed Training Durations". */
export function cooldownSteps(step: number, interval: number): number {
  return interval * Math.floor(step / 6 / interval);
}

function lossesOf(evaluated: readonly Evaluated[]): number[] {
  return evaluated.map(({ itemLosses }) => mean(itemLosses));
}

/** The median of every three values in a row; all values where there are fewer. */
function mediansOfThree(values: readonly number[]): readonly number[] {
  if (values.length < 3) return values;
  return values.slice(2).map((value, i) => [values[i]!, values[i + 1]!, value].toSorted((a, b) => a - b)[1]!);
}
