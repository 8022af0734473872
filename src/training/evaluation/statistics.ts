import { mean, standardError } from "../../array/index.ts";

/** An evaluation: the loss of each item of the frozen batch after a step. */
export interface Evaluated {
  readonly step: number;
  readonly itemLosses: readonly number[];
}

/** How many evaluations the rules look back on: 310 steps' (as DVAR), or 40 % of the run's if that is shorter, at least 6.
 *  Source: Voronov 2023, "Is This Loss Informative? Faster Text-to-Image Customization by Tracking Objective Dynamics". */
export function windowOf(interval: number, steps: number): number {
  return Math.max(6, Math.min(Math.ceil(310 / interval), Math.ceil((0.4 * steps) / interval)));
}

/** A mean with its standard error. */
export interface Estimated {
  readonly mean: number;
  readonly error: number;
}

/** The mean of paired differences before - after, with its standard error; infinite for a single pair. */
export function pairedDifference(before: readonly number[], after: readonly number[]): Estimated {
  const differences = before.map((value, i) => value - after[i]!);
  return { mean: mean(differences), error: standardError(differences) };
}

/** Population variance. */
function variance(values: readonly number[]): number {
  const centre = mean(values);
  return mean(values.map((value) => (value - centre) ** 2));
}

/** A least-squares line through points: its slope, and the standard deviation of the points about it. */
export function leastSquaresLine(xs: readonly number[], ys: readonly number[]): { slope: number; deviation: number } {
  const [centreX, centreY] = [mean(xs), mean(ys)];
  const squares = xs.reduce((sum, x) => sum + (x - centreX) ** 2, 0);
  const slope = xs.reduce((sum, x, i) => sum + (x - centreX) * (ys[i]! - centreY), 0) / squares;
  const residuals = ys.map((y, i) => y - centreY - slope * (xs[i]! - centreX));
  return { slope, deviation: Math.sqrt(mean(residuals.map((residual) => residual ** 2))) };
}

/** Figures of an evaluation: see `EvaluationEvent`. */
export interface EvaluationFigures {
  readonly loss: number;
  readonly drop: number;
  readonly dropError: number;
  readonly slope: number | undefined;
  readonly ratio: number | undefined;
}

/** Figures of the last evaluation of a history. window: most evaluations that `slope` and `ratio` look back on. */
export function figuresOf(history: readonly Evaluated[], window: number): EvaluationFigures {
  const losses = history.map(({ itemLosses }) => mean(itemLosses));
  const { mean: drop, error: dropError } = pairedDifference(history[0]!.itemLosses, history.at(-1)!.itemLosses);
  const lastSteps = history.slice(-window).map(({ step }) => step);
  const last = losses.slice(-window);
  return {
    loss: losses.at(-1)!,
    drop,
    dropError,
    slope: last.length < 3 ? undefined : leastSquaresLine(lastSteps, last).slope,
    ratio: losses.length < window ? undefined : varianceRatio(losses, window),
  };
}

/** Variance of the last values over that of all: near 0 once they no longer fall (rule A of DVAR). */
export function varianceRatio(losses: readonly number[], window: number): number {
  return variance(losses.slice(-window)) / variance(losses);
}
