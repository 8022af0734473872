import type { DType } from "../../array/index.ts";
import { CoinageError } from "../../errors/index.ts";
import { dataTypes } from "../../formats/onnx/index.ts";
import { type Dim, describeShape, type Shape, sameDim, sameShape } from "../dims.ts";
import { differentiable, node, scalar, type Tensor } from "../tensor.ts";
import { reduceSum } from "./reduce.ts";
import { reshape } from "./reshape.ts";

/** a + b, broadcasting as ONNX (NumPy) does. */
export function add(a: Tensor, b: Tensor): Tensor {
  return differentiable(binary("Add", a, b), [a, b], (upstream, isNeeded) => [
    isNeeded(0) ? sumTo(upstream, a.shape) : undefined,
    isNeeded(1) ? sumTo(upstream, b.shape) : undefined,
  ]);
}

/** a - b, broadcasting. */
export function subtract(a: Tensor, b: Tensor): Tensor {
  return differentiable(binary("Sub", a, b), [a, b], (upstream, isNeeded) => [
    isNeeded(0) ? sumTo(upstream, a.shape) : undefined,
    isNeeded(1) ? sumTo(negate(upstream), b.shape) : undefined,
  ]);
}

/** a * b, broadcasting. */
export function multiply(a: Tensor, b: Tensor): Tensor {
  return differentiable(binary("Mul", a, b), [a, b], (upstream, isNeeded) => [
    isNeeded(0) ? sumTo(multiply(upstream, b), a.shape) : undefined,
    isNeeded(1) ? sumTo(multiply(upstream, a), b.shape) : undefined,
  ]);
}

/** a / b, broadcasting. */
export function divide(a: Tensor, b: Tensor): Tensor {
  return differentiable(binary("Div", a, b), [a, b], (upstream, isNeeded) => [
    isNeeded(0) ? sumTo(divide(upstream, b), a.shape) : undefined,
    isNeeded(1) ? sumTo(negate(divide(multiply(upstream, a), multiply(b, b))), b.shape) : undefined,
  ]);
}

export function negate(x: Tensor): Tensor {
  return differentiable(unary("Neg", x), [x], (upstream) => [negate(upstream)]);
}

/** x times a number. */
export function scale(x: Tensor, factor: number): Tensor {
  return factor === 1 ? x : multiply(x, scalar(factor));
}

export function sqrt(x: Tensor): Tensor {
  const y = unary("Sqrt", x);
  return differentiable(y, [x], (upstream) => [divide(scale(upstream, 0.5), y)]);
}

export function square(x: Tensor): Tensor {
  return multiply(x, x);
}

/** |x|; the gradient at 0 is 0, as in PyTorch. */
export function absolute(x: Tensor): Tensor {
  return differentiable(unary("Abs", x), [x], (upstream) => [multiply(upstream, sign(x))]);
}

/** -1, 0 or 1. Does not use ONNX's Sign, which GPUs lack. */
function sign(x: Tensor): Tensor {
  const isTrue = (opType: string) => cast(node(opType, [x, scalar(0)], x.shape, { dtype: "bool" }), "float32");
  return subtract(isTrue("Greater"), isTrue("Less"));
}

export function sigmoid(x: Tensor): Tensor {
  const y = unary("Sigmoid", x);
  return differentiable(y, [x], (upstream) => [multiply(upstream, multiply(y, subtract(scalar(1), y)))]);
}

export function exp(x: Tensor): Tensor {
  const y = unary("Exp", x);
  return differentiable(y, [x], (upstream) => [multiply(upstream, y)]);
}

export function sin(x: Tensor): Tensor {
  return differentiable(unary("Sin", x), [x], (upstream) => [multiply(upstream, cos(x))]);
}

export function cos(x: Tensor): Tensor {
  return differentiable(unary("Cos", x), [x], (upstream) => [negate(multiply(upstream, sin(x)))]);
}

/** x limited to low..high; the gradient is 0 where x is outside. */
export function clamp(x: Tensor, low: number, high: number): Tensor {
  const y = node("Clip", [x, scalar(low), scalar(high)], x.shape);
  return differentiable(y, [x], (upstream) => {
    const isInside = node("Equal", [x, y], x.shape, { dtype: "bool" });
    return [multiply(upstream, cast(isInside, "float32"))];
  });
}

/** x in another dtype, without a gradient. */
export function cast(x: Tensor, dtype: DType): Tensor {
  return node("Cast", [x], x.shape, { dtype, attributes: { to: dataTypes[dtype] } });
}

/** x in float32, without a gradient. */
export function toFloat32(x: Tensor): Tensor {
  return x.dtype === "float32" ? x : cast(x, "float32");
}

/** An elementwise operator without a gradient rule. */
export function unary(opType: string, x: Tensor): Tensor {
  return node(opType, [x], x.shape);
}

function binary(opType: string, a: Tensor, b: Tensor): Tensor {
  return node(opType, [a, b], broadcast(a.shape, b.shape));
}

/** The shape that two shapes broadcast to. @throws SHAPE */
export function broadcast(a: Shape, b: Shape): Dim[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const left = a[a.length - rank + i] ?? 1;
    const right = b[b.length - rank + i] ?? 1;
    if (right === 1 || sameDim(left, right)) return left;
    if (left === 1) return right;
    throw new CoinageError("SHAPE", `Shapes ${describeShape(a)} and ${describeShape(b)} cannot be broadcast together.`);
  });
}

/** Sums a gradient over the axes along which a tensor of the given shape was broadcast. */
export function sumTo(gradient: Tensor, shape: Shape): Tensor {
  if (sameShape(gradient.shape, shape)) return gradient;
  const added = gradient.shape.length - shape.length;
  const axes = gradient.shape.flatMap((size, axis) =>
    axis < added || (shape[axis - added] === 1 && size !== 1) ? [axis] : [],
  );
  const summed = reduceSum(gradient, axes, true);
  return added === 0 ? summed : reshape(summed, shape);
}
