import { add, clamp, conv2d, silu, slice, type Tensor, upsampleNearest } from "../graph/index.ts";
import { convLayer, groupNormLayer } from "./layers.ts";
import { residualBlock } from "./residual-block.ts";
import { attentionLayer, toMap, toTokens } from "./spatial-transformer.ts";
import type { VaeArchitecture } from "./vae-architecture.ts";
import type { Weights } from "./weights.ts";

const eps = 1e-6;

export interface Posterior {
  /** [B, 4, H/8, W/8] */
  readonly mean: Tensor;
  /** Limited to -30..20. */
  readonly logvar: Tensor;
  readonly stages: Readonly<Record<string, Tensor>>;
}

/** The latent distribution of pictures. pictures: [B, 3, H, W] in -1..1. Source: AutoencoderKL of Rombach 2022, as laid out in Diffusers. */
export function encodePictures(weights: Weights, architecture: VaeArchitecture, pictures: Tensor): Posterior {
  const encoder = weights.part("encoder");
  const stages: Record<string, Tensor> = {};
  let x = convLayer(pictures, encoder.part("conv_in"));
  for (let i = 0; i < architecture.widths.length; i++) {
    const block = encoder.part(`down_blocks.${i}`);
    for (let j = 0; j < architecture.resnets; j++) x = vaeResidual(x, block.part(`resnets.${j}`), architecture);
    if (i < architecture.widths.length - 1) x = downsample(x, block.part("downsamplers.0.conv"));
    stages[`down_blocks.${i}`] = x;
  }
  x = midBlock(x, encoder.part("mid_block"), architecture);
  stages.mid_block = x;
  x = convLayer(
    silu(groupNormLayer(x, encoder.part("conv_norm_out"), architecture.groups, eps)),
    encoder.part("conv_out"),
  );
  const moments = weights.has("quant_conv.weight") ? convLayer(x, weights.part("quant_conv")) : x;
  const channels = architecture.latentChannels;
  return {
    mean: slice(moments, 1, 0, channels),
    logvar: clamp(slice(moments, 1, channels, 2 * channels), -30, 20),
    stages,
  };
}

export interface DecodedPictures {
  /** [B, 3, 8 h, 8 w], about -1..1 */
  readonly pictures: Tensor;
  readonly stages: Readonly<Record<string, Tensor>>;
}

/** Pictures from latents already divided by the scale factor: [B, 4, h, w]. */
export function decodeLatents(weights: Weights, architecture: VaeArchitecture, latents: Tensor): DecodedPictures {
  const decoder = weights.part("decoder");
  const stages: Record<string, Tensor> = {};
  const z = weights.has("post_quant_conv.weight") ? convLayer(latents, weights.part("post_quant_conv")) : latents;
  let x = midBlock(convLayer(z, decoder.part("conv_in")), decoder.part("mid_block"), architecture);
  stages.mid_block = x;
  for (let i = 0; i < architecture.widths.length; i++) {
    const block = decoder.part(`up_blocks.${i}`);
    for (let j = 0; j <= architecture.resnets; j++) x = vaeResidual(x, block.part(`resnets.${j}`), architecture);
    if (i < architecture.widths.length - 1) x = convLayer(upsampleNearest(x), block.part("upsamplers.0.conv"));
    stages[`up_blocks.${i}`] = x;
  }
  const normalized = silu(groupNormLayer(x, decoder.part("conv_norm_out"), architecture.groups, eps));
  return { pictures: convLayer(normalized, decoder.part("conv_out")), stages };
}

function vaeResidual(x: Tensor, weights: Weights, { groups }: VaeArchitecture): Tensor {
  return residualBlock(x, weights, { groups, eps });
}

/** Padded on the right and below only, unlike the U-Net's. */
function downsample(x: Tensor, weights: Weights): Tensor {
  return conv2d(x, weights.get("weight"), weights.get("bias"), { stride: 2, padding: [0, 0, 1, 1] });
}

function midBlock(x: Tensor, weights: Weights, architecture: VaeArchitecture): Tensor {
  let h = vaeResidual(x, weights.part("resnets.0"), architecture);
  if (architecture.hasAttention) {
    const part = weights.part("attentions.0");
    const tokens = toTokens(groupNormLayer(h, part.part("group_norm"), architecture.groups, eps));
    h = add(toMap(attentionLayer(tokens, tokens, part, 1), h), h);
  }
  return vaeResidual(h, weights.part("resnets.1"), architecture);
}
