import { rowViews } from "../../array/index.ts";
import type { UpdateRule } from "./optimizer.ts";

export interface DirectionArguments {
  /** Fixed norm of each row of each table. */
  readonly lengths: readonly (readonly number[])[];
  /** Share of the previous direction in the next one, at least 0 and below 1. */
  readonly momentum: number;
  /** Pull to the initial direction, added to the gradient; auto: a tenth of the recent median gradient. */
  readonly priorPull: number | "auto";
}

/** Recent gradients that the median is taken of. */
const history = 25;

/** Turns rows of fixed norm. Each row's direction v moves along the tangential part of its gradient by the learning rate, in radians, and is normalised again:
 *  each step turns v by atan(rate), whatever the gradient's norm.
 *  A row without a gradient is unchanged.
 *  Source: Directional Textual Inversion, kunheek/dti `src/dti/optim.py`, with beta 0; momentum is ours. */
export function direction({
  lengths,
  momentum,
  priorPull,
}: DirectionArguments): UpdateRule<"initial" | "mean" | "gradientNorms", "count"> {
  return {
    numbers: { count: 0 },
    init: (parameters, { rows, columns }) => {
      const initial = parameters.slice();
      for (const row of rowViews(initial, columns)) scaleTo(row, 1);
      return {
        initial,
        mean: new Float32Array(momentum > 0 ? parameters.length : 0),
        gradientNorms: new Float32Array(priorPull === "auto" ? rows * history : 0),
      };
    },
    step(slots, numbers, learningRate) {
      const place = numbers.count++ % history;
      for (const { table, shape, parameters, gradients, state } of slots) {
        const { columns } = shape;
        const { initial, mean, gradientNorms } = state as Record<string, Float32Array>;
        const starts = rowViews(initial!, columns);
        const means = rowViews(mean!, columns);
        const slopes = rowViews(gradients, columns);
        for (const [i, row] of rowViews(parameters, columns).entries()) {
          const length = lengths[table]![i]!;
          const at = row.map((value) => value / length);
          scaleTo(at, 1);
          const slope = slopes[i]!.map((value) => value * length);
          let pull = priorPull;
          if (pull === "auto") {
            const norms = gradientNorms!.subarray(i * history, (i + 1) * history);
            norms[place] = Math.hypot(...tangent(slope, at));
            pull = 0.1 * median(norms.filter((norm) => norm > 0));
          }
          if (slope.every((value) => value === 0)) continue;
          const pulled = slope.map((value, k) => value - pull * starts[i]![k]!);
          const way = tangent(momentum > 0 ? averaged(means[i]!, tangent(pulled, at), momentum) : pulled, at);
          const size = Math.hypot(...way);
          if (size > 0) for (let k = 0; k < columns; k++) at[k]! -= (learningRate * way[k]!) / size;
          scaleTo(at, length);
          row.set(at);
        }
      }
    },
  };
}

/** Moving average, in place: momentum * mean + (1 - momentum) * next. */
function averaged(mean: Float32Array, next: Float32Array, momentum: number): Float32Array {
  for (let k = 0; k < mean.length; k++) mean[k] = momentum * mean[k]! + (1 - momentum) * next[k]!;
  return mean;
}

/** The part of a vector orthogonal to a unit vector. */
function tangent(vector: Float32Array, along: Float32Array): Float32Array {
  let product = 0;
  for (let k = 0; k < vector.length; k++) product += vector[k]! * along[k]!;
  return vector.map((value, k) => value - product * along[k]!);
}

function scaleTo(vector: Float32Array, length: number): void {
  const norm = Math.hypot(...vector);
  if (norm > 0) for (let k = 0; k < vector.length; k++) vector[k]! *= length / norm;
}

/** The median; 0 for no values. */
function median(values: Float32Array): number {
  return values.length === 0 ? 0 : values.sort()[Math.floor(values.length / 2)]!;
}
