import { add, reshape, silu, type Tensor } from "../graph/index.ts";
import { convLayer, groupNormLayer, linearLayer } from "./layers.ts";
import type { Weights } from "./weights.ts";

export interface NormSettings {
  readonly groups: number;
  readonly eps: number;
}

/** norm, SiLU, conv, + time, norm, SiLU, conv, + x. x: [B, in, H, W]; timeSilu: SiLU of the time embedding [B, TE]. */
export function residualBlock(x: Tensor, weights: Weights, { groups, eps }: NormSettings, timeSilu: Tensor): Tensor {
  let h = convLayer(silu(groupNormLayer(x, weights.part("norm1"), groups, eps)), weights.part("conv1"));
  const time = linearLayer(timeSilu, weights.part("time_emb_proj"));
  h = add(h, reshape(time, [...time.shape, 1, 1]));
  h = convLayer(silu(groupNormLayer(h, weights.part("norm2"), groups, eps)), weights.part("conv2"));
  const shortcut = weights.has("conv_shortcut.weight") ? convLayer(x, weights.part("conv_shortcut")) : x;
  return add(shortcut, h);
}
