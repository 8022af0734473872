import { conv2d, groupNorm, layerNorm, linear, reshapedWeight, type Tensor } from "../graph/index.ts";
import type { Weights } from "./weights.ts";

/** A linear layer; a 1x1 convolution stored in its place is the same matrix. */
export function linearLayer(x: Tensor, weights: Weights): Tensor {
  const stored = weights.get("weight");
  const matrix = stored.shape.length === 2 ? stored : reshapedWeight(stored, stored.shape.slice(0, 2) as number[]);
  return linear(x, matrix, weights.has("bias") ? weights.get("bias") : undefined);
}

/** A 3x3 convolution that keeps the size, or a 1x1 one. */
export function convLayer(x: Tensor, weights: Weights): Tensor {
  const weight = weights.get("weight");
  const padding = (Number(weight.shape[2]) - 1) / 2;
  return conv2d(x, weight, weights.get("bias"), { padding: [padding, padding, padding, padding] });
}

export function groupNormLayer(x: Tensor, weights: Weights, groups: number, eps: number): Tensor {
  return groupNorm(x, groups, weights.get("weight"), weights.get("bias"), eps);
}

export function layerNormLayer(x: Tensor, weights: Weights, eps: number): Tensor {
  return layerNorm(x, weights.get("weight"), weights.get("bias"), eps);
}
