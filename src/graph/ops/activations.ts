import { differentiable, node, scalar, type Tensor } from "../tensor.ts";
import { add, exp, multiply, scale, sigmoid, square, subtract, unary } from "./elementwise.ts";
import { reduceSum } from "./reduce.ts";
import { concat, slice } from "./reshape.ts";

/** x * sigmoid(x). */
export function silu(x: Tensor): Tensor {
  return swish(x, 1);
}

/** x * sigmoid(1.702 x): the activation of CLIP ViT-L. */
export function quickGelu(x: Tensor): Tensor {
  return swish(x, 1.702);
}

/** x * sigmoid(alpha x). Only x is kept for the gradient: s (1 + alpha x (1 - s)), s = sigmoid(alpha x). */
function swish(x: Tensor, alpha: number): Tensor {
  const y = node("QuickGelu", [x], x.shape, { domain: "com.microsoft", attributes: { alpha: { float: alpha } } });
  return differentiable(y, [x], (upstream) => {
    const scaled = scale(x, alpha);
    const s = sigmoid(scaled);
    return [multiply(upstream, multiply(s, add(multiply(scaled, subtract(scalar(1), s)), scalar(1))))];
  });
}

/** The exact GELU: x Phi(x), with Phi the normal distribution function. */
export function gelu(x: Tensor): Tensor {
  const y = node("Gelu", [x], x.shape);
  return differentiable(y, [x], (upstream) => [multiply(upstream, geluSlope(x))]);
}

/** Phi(x) + x phi(x). */
function geluSlope(x: Tensor): Tensor {
  const distribution = add(scale(unary("Erf", scale(x, Math.SQRT1_2)), 0.5), scalar(0.5));
  const density = scale(exp(scale(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
  return add(distribution, multiply(x, density));
}

/** First half of the last axis times GELU of the second half. */
export function geglu(x: Tensor): Tensor {
  const axis = x.shape.length - 1;
  const half = Number(x.shape[axis]) / 2;
  const [value, gate] = [slice(x, axis, 0, half), slice(x, axis, half, 2 * half)];
  const activated = gelu(gate);
  const y = multiply(value, activated);
  return differentiable(y, [x], (upstream) => [
    concat([multiply(upstream, activated), multiply(multiply(upstream, value), geluSlope(gate))], axis),
  ]);
}

/** Softmax over the last axis. */
export function softmax(x: Tensor): Tensor {
  const y = node("Softmax", [x], x.shape, { attributes: { axis: -1 } });
  return differentiable(y, [x], (upstream) => [softmaxGradient(y, upstream)]);
}

/** p (g - sum(p g)). */
function softmaxGradient(probabilities: Tensor, upstream: Tensor): Tensor {
  const last = probabilities.shape.length - 1;
  return multiply(probabilities, subtract(upstream, dot(probabilities, upstream, last)));
}

function dot(a: Tensor, b: Tensor, axis: number): Tensor {
  return reduceSum(multiply(a, b), [axis], true);
}
