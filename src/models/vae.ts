import {
  add,
  type BandConvolution,
  type Bands,
  clamp,
  convolveBands,
  cutBands,
  groupNormOfBands,
  joinBands,
  multiplyDims,
  silu,
  slice,
  type Tensor,
  upsampleNearest,
} from "../graph/index.ts";
import type { VaeArchitecture } from "./architecture.ts";
import { convLayer, groupNormLayer } from "./layers.ts";
import { attentionLayer, toPixels, toTokens } from "./spatial-transformer.ts";
import type { Weights } from "./weights.ts";

const eps = 1e-6;

export interface Posterior {
  /** [B, 4, H/8, W/8], unscaled. */
  readonly mean: Tensor;
  /** Limited to -30..20. */
  readonly logvar: Tensor;
  readonly intermediates: Readonly<Record<string, Tensor>>;
}

/** The VAE's encoder: the latent distribution of images [B, 3, H, W] in -1..1. bands: computed one after another to save memory, see vaeBands.
 *  Source: Rombach 2022, "High-Resolution Image Synthesis with Latent Diffusion Models"; diffusers `models/autoencoders/vae.py` Encoder. */
export function vaeEncoder(weights: Weights, architecture: VaeArchitecture, images: Tensor, bands = 1): Posterior {
  const encoder = weights.part("encoder");
  const intermediates: Record<string, Tensor> = {};
  const heightAt = (level: number) => multiplyDims(1 / 2 ** level, images.shape[2]!);
  const last = architecture.blockOutChannels.length - 1;
  const banded = bandedLevels(architecture);
  let x = convolve(cutBands(images, bands, 2 ** banded), sameSize(encoder.part("conv_in")));
  for (let i = 0; i <= last; i++) {
    const block = encoder.part(`down_blocks.${i}`);
    for (let j = 0; j < architecture.resnets; j++) x = residual(x, block.part(`resnets.${j}`), architecture);
    if (i < last) x = downsample(x, block.part("downsamplers.0.conv"));
    if (i + 1 === banded) x = [joinBands(x, heightAt(banded))];
    intermediates[`down_blocks.${i}`] = joinBands(x, heightAt(Math.min(i + 1, last)));
  }
  const mid = midBlock(x[0]!, encoder.part("mid_block"), architecture);
  intermediates.mid_block = mid;
  const [encoded] = convolve(
    [mid],
    normSiluConv([mid], encoder.part("conv_norm_out"), encoder.part("conv_out"), architecture),
  );
  const moments = weights.has("quant_conv.weight") ? convLayer(encoded!, weights.part("quant_conv")) : encoded!;
  const channels = architecture.latentChannels;
  return {
    mean: slice(moments, 1, 0, channels),
    logvar: clamp(slice(moments, 1, channels, 2 * channels), -30, 20),
    intermediates,
  };
}

export interface DecodedImages {
  /** [B, 3, 8 h, 8 w], about -1..1 */
  readonly images: Tensor;
  readonly intermediates: Readonly<Record<string, Tensor>>;
}

/** The VAE's decoder: images from unscaled latents [B, 4, h, w]. bands: computed one after another to save memory, see vaeBands.
 *  Source: diffusers `models/autoencoders/vae.py` Decoder. */
export function vaeDecoder(weights: Weights, architecture: VaeArchitecture, latents: Tensor, bands = 1): DecodedImages {
  const decoder = weights.part("decoder");
  const intermediates: Record<string, Tensor> = {};
  const heightAt = (level: number) => multiplyDims(2 ** level, latents.shape[2]!);
  const last = architecture.blockOutChannels.length - 1;
  const z = weights.has("post_quant_conv.weight") ? convLayer(latents, weights.part("post_quant_conv")) : latents;
  const mid = midBlock(convLayer(z, decoder.part("conv_in")), decoder.part("mid_block"), architecture);
  intermediates.mid_block = mid;
  let x: Bands = [mid];
  for (let i = 0; i <= last; i++) {
    const block = decoder.part(`up_blocks.${i}`);
    for (let j = 0; j <= architecture.resnets; j++) x = residual(x, block.part(`resnets.${j}`), architecture);
    if (i === last - bandedLevels(architecture)) x = cutBands(x[0]!, bands);
    if (i < last) x = upsample(x, block.part("upsamplers.0.conv"));
    intermediates[`up_blocks.${i}`] = joinBands(x, heightAt(Math.min(i + 1, last)));
  }
  const decoded = convolve(x, normSiluConv(x, decoder.part("conv_norm_out"), decoder.part("conv_out"), architecture));
  return { images: joinBands(decoded, heightAt(last)), intermediates };
}

/** The number of bands for latents of `rows` x `columns`: as many as wanted, but none empty. By default one up to 512 x 512 pixels and eight above,
 *  which halve the memory; some GPUs cannot split into more at once. */
export function vaeBands(rows: number, columns: number, wanted = rows * columns > 64 ** 2 ? 8 : 1): number {
  const rowsOfBand = Math.ceil(rows / wanted);
  return Math.ceil(rows / rowsOfBand);
}

/** Levels computed in bands, from full resolution down. Smaller ones take so much less memory that bands would save nothing. */
function bandedLevels({ blockOutChannels }: VaeArchitecture): number {
  return Math.min(2, blockOutChannels.length - 1);
}

/** norm, SiLU, conv, twice, + x. The shortcut is convolved together with the first half: it replaces x, which may be twice as large. */
function residual(x: Bands, weights: Weights, architecture: VaeArchitecture): Bands {
  const half = (of: Bands, i: 1 | 2) =>
    normSiluConv(of, weights.part(`norm${i}`), weights.part(`conv${i}`), architecture);
  const shortcuts = weights.has("conv_shortcut.weight") ? [sameSize(weights.part("conv_shortcut"))] : [];
  const [h, shortcut = x] = convolveBands(x, [half(x, 1), ...shortcuts]);
  return convolve(h!, half(h!, 2)).map((band, i) => add(shortcut[i]!, band));
}

function normSiluConv(x: Bands, norm: Weights, conv: Weights, { groups }: VaeArchitecture): BandConvolution {
  const normalized = groupNormOfBands(x, groups, norm.get("weight"), norm.get("bias"), eps);
  return { ...sameSize(conv), prepare: (rows) => silu(normalized(rows)) };
}

/** A 3x3 convolution that keeps the size, or a 1x1 one. */
function sameSize(weights: Weights): BandConvolution {
  const weight = weights.get("weight");
  const padding = (Number(weight.shape[2]) - 1) / 2;
  return { weight, bias: weights.get("bias"), padding: [padding, padding, padding, padding] };
}

/** Pads only on the right and at the bottom, unlike the U-Net. */
function downsample(x: Bands, weights: Weights): Bands {
  return convolve(x, {
    ...{ weight: weights.get("weight"), bias: weights.get("bias") },
    ...{ stride: 2, padding: [0, 0, 1, 1] },
  });
}

function upsample(x: Bands, weights: Weights): Bands {
  return convolve(x, { ...sameSize(weights), prepare: (rows) => upsampleNearest(rows) });
}

function convolve(x: Bands, convolution: BandConvolution): Bands {
  return convolveBands(x, [convolution])[0]!;
}

function midBlock(x: Tensor, weights: Weights, architecture: VaeArchitecture): Tensor {
  let h = residual([x], weights.part("resnets.0"), architecture)[0]!;
  if (architecture.hasAttention) {
    const part = weights.part("attentions.0");
    const tokens = toTokens(groupNormLayer(h, part.part("group_norm"), architecture.groups, eps));
    h = add(toPixels(attentionLayer(tokens, tokens, part, 1), h), h);
  }
  return residual([h], weights.part("resnets.1"), architecture)[0]!;
}
