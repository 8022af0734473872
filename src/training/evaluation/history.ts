import type { NdArray } from "../../array/index.ts";
import { ResidualMonitor, type ResidualState } from "./residual.ts";
import type { Evaluated } from "./statistics.ts";

/** What a state keeps of the evaluations of a run. */
export interface EvaluationState {
  readonly evaluated: readonly Evaluated[];
  readonly residual: ResidualState;
}

/** The evaluations of a run so far, and what is usual for its training loss. */
export class EvaluationHistory {
  readonly residuals: ResidualMonitor;
  readonly #evaluated: Evaluated[];

  constructor(state?: EvaluationState) {
    this.#evaluated = [...(state?.evaluated ?? [])];
    this.residuals = new ResidualMonitor(state?.residual);
  }

  get evaluated(): readonly Evaluated[] {
    return this.#evaluated;
  }

  add(evaluated: Evaluated): void {
    this.#evaluated.push(evaluated);
  }

  /** Undefined where nothing was evaluated. */
  state(): EvaluationState | undefined {
    if (this.#evaluated.length === 0) return undefined;
    return { evaluated: this.#evaluated, residual: this.residuals.state() };
  }
}

/** A state of evaluations as named arrays. */
export function evaluationArrays({ evaluated, residual }: EvaluationState): Record<string, NdArray> {
  const items = evaluated[0]?.itemLosses.length ?? 0;
  const float64 = (shape: readonly number[], values: readonly number[]): NdArray => ({
    ...{ dtype: "float64", shape },
    data: Float64Array.from(values),
  });
  return {
    steps: { dtype: "int32", shape: [evaluated.length], data: Int32Array.from(evaluated, ({ step }) => step) },
    itemLosses: float64(
      [evaluated.length, items],
      evaluated.flatMap(({ itemLosses }) => itemLosses),
    ),
    residualSums: float64([residual.sums.length], residual.sums),
    residualCounts: float64([residual.counts.length], residual.counts),
  };
}

/** The state from its arrays; undefined where there are none. */
export function evaluationFrom(arrays: ReadonlyMap<string, NdArray>): EvaluationState | undefined {
  const numbers = (name: string) => [...(arrays.get(name)?.data ?? [])].map(Number);
  const steps = numbers("steps");
  if (steps.length === 0) return undefined;
  const losses = numbers("itemLosses");
  const items = losses.length / steps.length;
  return {
    evaluated: steps.map((step, i) => ({ step, itemLosses: losses.slice(i * items, (i + 1) * items) })),
    residual: { sums: numbers("residualSums"), counts: numbers("residualCounts") },
  };
}
