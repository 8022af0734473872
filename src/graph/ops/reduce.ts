import type { Dim } from "../dims.ts";
import { differentiable, integers, node, type Tensor } from "../tensor.ts";
import { reshape, shapeOf } from "./reshape.ts";

/** The sum over axes. */
export function reduceSum(x: Tensor, axes: readonly number[], keepDims = false): Tensor {
  const y = reduce("ReduceSum", x, axes, keepDims);
  return differentiable(y, [x], (upstream) => [expand(upstream, x, axes)]);
}

/** The mean over axes, without a gradient: for statistics in gradient rules. */
export function reduceMean(x: Tensor, axes: readonly number[]): Tensor {
  return reduce("ReduceMean", x, axes, true);
}

function reduce(opType: string, x: Tensor, axes: readonly number[], keepDims: boolean): Tensor {
  const positive = axes.map((axis) => (axis < 0 ? axis + x.shape.length : axis));
  const shape: Dim[] = x.shape.flatMap((size, axis) => (positive.includes(axis) ? (keepDims ? [1] : []) : [size]));
  return node(opType, [x, integers(...positive)], shape, { attributes: { keepdims: keepDims ? 1 : 0 } });
}

/** Broadcasts a reduced gradient back to the shape of x. */
function expand(reduced: Tensor, x: Tensor, axes: readonly number[]): Tensor {
  const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  return node("Expand", [reshape(reduced, kept), shapeOf(x)], x.shape);
}
