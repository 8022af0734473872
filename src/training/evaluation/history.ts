import { arrayOf, mean, type NdArray } from "../../array/index.ts";
import { ResidualMonitor, type ResidualState } from "./residual.ts";
import type { Evaluated } from "./statistics.ts";

/** [vectors, width] per text encoder. */
type Embeddings = readonly NdArray<Float32Array>[];

/** Embeddings after a step. */
interface Snapshot {
  readonly step: number;
  readonly embeddings: Embeddings;
}

/** Evaluations of a run as a training state saves them. */
export interface EvaluationState {
  readonly evaluated: readonly Evaluated[];
  readonly residual: ResidualState;
  /** Embeddings of the last evaluation, and the best before it, if the best are to be kept. */
  readonly latest?: Snapshot | undefined;
  readonly best?: Snapshot | undefined;
}

/** The evaluations of a run so far, the baseline of its training loss, and the best embeddings. */
export class EvaluationHistory {
  readonly residuals: ResidualMonitor;
  /** Embeddings to save at the end in place of the last ones. */
  chosen: Embeddings | undefined;
  readonly #evaluated: Evaluated[];
  #latest: Snapshot | undefined;
  #best: Snapshot | undefined;

  constructor(state?: EvaluationState) {
    this.#evaluated = [...(state?.evaluated ?? [])];
    this.residuals = new ResidualMonitor(state?.residual);
    this.#latest = state?.latest;
    this.#best = state?.best;
  }

  get evaluated(): readonly Evaluated[] {
    return this.#evaluated;
  }

  /** The embeddings of the evaluation with the lowest loss, smoothed over its neighbours. */
  get best(): Snapshot | undefined {
    return this.#best;
  }

  /** Adds an evaluation. embeddings: the evaluated ones, if the best are to be kept. */
  add(evaluated: Evaluated, embeddings?: Embeddings): void {
    this.#evaluated.push(evaluated);
    if (!embeddings) return;
    const before = this.#latest;
    if (before && before.step > 0 && this.#smoothedAt(before.step) <= this.#smoothedAt(this.#best?.step))
      this.#best = before;
    this.#latest = { step: evaluated.step, embeddings };
  }

  /** Mean loss of an evaluation and its two neighbours; infinite if one is missing. */
  #smoothedAt(step: number | undefined): number {
    const at = this.#evaluated.findIndex((entry) => entry.step === step);
    const three = this.#evaluated.slice(Math.max(0, at - 1), at + 2);
    return at > 0 && three.length === 3
      ? mean(three.flatMap(({ itemLosses }) => itemLosses))
      : Number.POSITIVE_INFINITY;
  }

  /** Undefined without evaluations. */
  state(): EvaluationState | undefined {
    if (this.#evaluated.length === 0) return undefined;
    return {
      evaluated: [...this.#evaluated],
      residual: this.residuals.state(),
      ...(this.#latest && { latest: this.#latest }),
      ...(this.#best && { best: this.#best }),
    };
  }
}

/** A state of evaluations as named arrays. */
export function evaluationArrays({ evaluated, residual, latest, best }: EvaluationState): Record<string, NdArray> {
  const items = evaluated[0]?.itemLosses.length ?? 0;
  const losses = evaluated.flatMap(({ itemLosses }) => itemLosses);
  return {
    steps: int32(evaluated.map(({ step }) => step)),
    itemLosses: { ...float64(losses), shape: [evaluated.length, items] },
    residualSums: float64(residual.sums),
    residualCounts: float64(residual.counts),
    ...snapshotArrays("latest", latest),
    ...snapshotArrays("best", best),
  };
}

function snapshotArrays(name: string, snapshot: Snapshot | undefined): Record<string, NdArray> {
  if (!snapshot) return {};
  const rows = snapshot.embeddings.map((array, encoder) => [`${name}/rows/${encoder}`, array] as const);
  return { [`${name}/step`]: int32([snapshot.step]), ...Object.fromEntries(rows) };
}

/** The state from its arrays; undefined without them. */
export function evaluationFrom(arrays: ReadonlyMap<string, NdArray>): EvaluationState | undefined {
  const numbers = (name: string) => [...(arrays.get(name)?.data ?? [])].map(Number);
  const steps = numbers("steps");
  if (steps.length === 0) return undefined;
  const losses = numbers("itemLosses");
  const items = losses.length / steps.length;
  const [latest, best] = [snapshotFrom("latest", arrays), snapshotFrom("best", arrays)];
  return {
    evaluated: steps.map((step, i) => ({ step, itemLosses: losses.slice(i * items, (i + 1) * items) })),
    residual: { sums: numbers("residualSums"), counts: numbers("residualCounts") },
    ...(latest && { latest }),
    ...(best && { best }),
  };
}

function snapshotFrom(name: string, arrays: ReadonlyMap<string, NdArray>): Snapshot | undefined {
  const step = arrays.get(`${name}/step`)?.data[0];
  if (step === undefined) return undefined;
  const embeddings: NdArray<Float32Array>[] = [];
  for (let encoder = 0; arrays.has(`${name}/rows/${encoder}`); encoder++) {
    const { shape, data } = arrays.get(`${name}/rows/${encoder}`)!;
    embeddings.push(arrayOf(shape, data as Float32Array));
  }
  return { step: Number(step), embeddings };
}

function int32(values: readonly number[]): NdArray {
  return { dtype: "int32", shape: [values.length], data: Int32Array.from(values) };
}

function float64(values: readonly number[]): NdArray {
  return { dtype: "float64", shape: [values.length], data: Float64Array.from(values) };
}
