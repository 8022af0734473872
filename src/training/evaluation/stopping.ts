import { mean } from "../../array/index.ts";
import { type Evaluated, leastSquaresLine, varianceRatio } from "./statistics.ts";

/** What rules ask of learning rates. */
export interface Schedule {
  /** Steps before the largest rate is reached. */
  readonly warmupSteps: number;
  /** Whether it is kept from then on. */
  readonly isConstant: boolean;
  /** Rate of a step, from 0, as a share of the largest. */
  readonly shareAt: (step: number) => number;
}

/** The phases of a run's learning rates, one for each step. */
export function scheduleOf(rates: readonly number[]): Schedule {
  const largest = Math.max(...rates);
  const warmupSteps = Math.max(0, rates.indexOf(largest));
  return {
    warmupSteps,
    isConstant: rates.slice(warmupSteps).every((rate) => rate === largest),
    shareAt: (step) => (largest > 0 ? (rates[Math.min(step, rates.length - 1)] ?? 0) / largest : 1),
  };
}

/** Below this share of the variance of all evaluations the last ones stand still (rule A). Source: Voronov 2023, `early_stopping.py`. */
const stillRatio = 0.15;
/** A fall within the window below this share of the whole one is none (rule B); above the larger one losses still fall, however little they vary: those that
 *  fall along a line pass rule A as well once the line is long enough. */
const [stillShare, fallingShare] = [0.02, 0.1];
/** So many times the scatter of the last evaluations a fall must be, to be one. */
const clearly = 3;
/** Below this share of its maximum a falling learning rate no longer explains that losses stand still. */
const lateShare = 0.3;
/** A fall below this share of the first loss is none, however smooth: rates that are far too small give such. */
const leastGain = 1e-3;

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

/** Rule A: the variance of the last evaluations is a small share of that of all. Source: Voronov 2023, "Is This Loss Informative?". */
export function standsStill(losses: readonly number[], window: number): boolean {
  return losses.length >= window && varianceRatio(losses, window) < stillRatio;
}

/** Rule B: losses have clearly fallen, and hardly do within the last evaluations. */
export function hasFlattened(evaluated: readonly Evaluated[], window: number): boolean {
  const { fall, scatter } = fallOf(evaluated, window);
  return fall > clearly * scatter && fallWithin(evaluated, window) < stillShare * fall;
}

/** Mean of the first third of the last evaluations less that of the last third. */
function fallWithin(evaluated: readonly Evaluated[], window: number): number {
  const losses = lossesOf(evaluated.slice(-window));
  const third = Math.floor(losses.length / 3);
  return mean(losses.slice(0, third)) - mean(losses.slice(-third));
}

/** Why a run may end after its last evaluation, as the end of a sentence; undefined where it may not.
 *  Never before two windows of evaluations after the warm-up; while learning rates fall, losses stand still by themselves, so rule A is for constant ones,
 *  and rule B comes late with others. */
export function stopReason(evaluated: readonly Evaluated[], window: number, schedule: Schedule): string | undefined {
  const { step } = evaluated.at(-1)!;
  const sinceWarmup = evaluated.filter((entry) => entry.step >= schedule.warmupSteps).length;
  if (sinceWarmup < 2 * window) return undefined;
  const losses = lossesOf(evaluated);
  const { fall } = fallOf(evaluated, window);
  const within = fallWithin(evaluated, window);
  if (schedule.isConstant && standsStill(losses, window) && within < fallingShare * fall) {
    const percent = (100 * varianceRatio(losses, window)).toFixed(0);
    return `the evaluation loss stands still: the last ${window} evaluations vary by ${percent} % of all`;
  }
  const isLate = schedule.isConstant || schedule.shareAt(step) < lateShare;
  if (!isLate || !hasFlattened(evaluated, window)) return undefined;
  return `the evaluation loss has flattened: over the last ${window} evaluations it fell by ${within.toPrecision(2)}, of ${fall.toPrecision(2)} since the start`;
}

function lossesOf(evaluated: readonly Evaluated[]): number[] {
  return evaluated.map(({ itemLosses }) => mean(itemLosses));
}

/** The median of every three values in a row; all values where there are fewer. */
function mediansOfThree(values: readonly number[]): readonly number[] {
  if (values.length < 3) return values;
  return values.slice(2).map((value, i) => [values[i]!, values[i + 1]!, value].toSorted((a, b) => a - b)[1]!);
}
