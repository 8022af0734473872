import {
  add,
  concat,
  constant,
  conv2d,
  cos,
  groupNorm,
  layerNorm,
  linear,
  multiply,
  reshape,
  reshapedWeight,
  silu,
  sin,
  type Tensor,
} from "../graph/index.ts";
import type { Weights } from "./weights.ts";

/** A linear layer; may be stored as a 1x1 convolution. */
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

interface NormSettings {
  readonly groups: number;
  readonly eps: number;
}

/** norm, SiLU, conv, + time, norm, SiLU, conv, + x. x: [B, in, H, W]; timeSilu: SiLU of the time embedding [B, TE].
 *  Source: diffusers `models/resnet.py` ResnetBlock2D. */
export function residualBlock(x: Tensor, weights: Weights, { groups, eps }: NormSettings, timeSilu: Tensor): Tensor {
  let h = convLayer(silu(groupNormLayer(x, weights.part("norm1"), groups, eps)), weights.part("conv1"));
  const time = linearLayer(timeSilu, weights.part("time_emb_proj"));
  h = add(h, reshape(time, [...time.shape, 1, 1]));
  h = convLayer(silu(groupNormLayer(h, weights.part("norm2"), groups, eps)), weights.part("conv2"));
  const shortcut = weights.has("conv_shortcut.weight") ? convLayer(x, weights.part("conv_shortcut")) : x;
  return add(shortcut, h);
}

/** Sinusoidal features: cos(x f_i) for all i, then sin(x f_i), with f_i = 10000^(-i / (width/2)). x: [B]; result [B, width].
 *  In float32, because the rounding of x f_i in the original affects the result. Source: diffusers `models/embeddings.py` get_timestep_embedding. */
export function sinusoids(x: Tensor, width: number): Tensor {
  const half = width / 2;
  const step = Math.fround(-Math.log(10000));
  const frequencies = Float32Array.from({ length: half }, (_, i) =>
    Math.exp(Math.fround(Math.fround(step * i) / half)),
  );
  const angles = multiply(
    reshape(x, [x.shape[0]!, 1]),
    constant({ dtype: "float32", shape: [1, half], data: frequencies }),
  );
  return concat([cos(angles), sin(angles)], 1);
}
