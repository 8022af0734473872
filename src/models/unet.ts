import {
  add,
  concat,
  conv2d,
  keepActivations,
  multiplyDims,
  recomputeActivations,
  reshape,
  silu,
  type Tensor,
  upsampleNearest,
} from "../graph/index.ts";
import type { LevelArchitecture, UNetArchitecture } from "./architecture.ts";
import { crossAttentionLayers } from "./cross-attention.ts";
import { convLayer, groupNormLayer, linearLayer, residualBlock, sinusoids } from "./layers.ts";
import { spatialTransformer } from "./spatial-transformer.ts";
import type { Weights } from "./weights.ts";

export interface UNetInputs {
  /** [B, channels, H, W] */
  readonly latents: Tensor;
  /** [B], may be fractional */
  readonly timesteps: Tensor;
  /** Encoded texts [B, T, D]; or one tensor for each block with cross-attention, in order of execution (see crossAttentionLayers). */
  readonly encoderHiddenStates: Tensor | readonly Tensor[];
  /** SDXL: pooled text [B, P] */
  readonly pooled?: Tensor;
  /** SDXL: original height and width, crop top and left, target height and width: [B, 6] */
  readonly timeIds?: Tensor;
}

export interface UNetOutputs {
  /** Noise or velocity [B, channels, H, W] */
  readonly prediction: Tensor;
  /** Outputs of the named modules, for comparison with other implementations. */
  readonly intermediates: Readonly<Record<string, Tensor>>;
}

export interface UNetOptions {
  /** Gradient checkpointing: keeps only the inputs of residual and transformer blocks and recomputes the rest for the gradient. */
  readonly gradientCheckpointing?: boolean;
}

/** The U-Net of SD 1.x, 2.x and SDXL, of any width and depth. Source: Rombach 2022, "High-Resolution Image Synthesis with Latent Diffusion Models";
 *  diffusers `models/unets/unet_2d_condition.py` UNet2DConditionModel. */
export function unet(
  weights: Weights,
  architecture: UNetArchitecture,
  inputs: UNetInputs,
  { gradientCheckpointing = false }: UNetOptions = {},
): UNetOutputs {
  const { latents } = inputs;
  const { blockOutChannels, groups, eps } = architecture;
  const intermediates: Record<string, Tensor> = {};
  const time = silu(timeEmbedding(weights, architecture, inputs, intermediates));
  const hiddenStates = hiddenStatesOfBlocks(inputs, architecture).values();
  const policy = gradientCheckpointing ? recomputeActivations : keepActivations;
  const residual = (parts: readonly Tensor[], part: Weights) =>
    policy.segment([time, ...parts], ([time, ...parts]) => residualBlock(concat(parts, 1), part, architecture, time!));
  const block = (
    parts: readonly Tensor[],
    part: Weights,
    { transformerLayers, heads }: LevelArchitecture,
    index: number,
  ) => {
    const h = residual(parts, part.part(`resnets.${index}`));
    const depth = transformerLayers[index];
    if (!depth) return h;
    const encoderHiddenStates = hiddenStates.next().value!;
    const attentions = part.part(`attentions.${index}`);
    return spatialTransformer(h, encoderHiddenStates, attentions, { depth, heads, groups, policy });
  };

  let x = convLayer(latents, weights.part("conv_in"));
  intermediates.conv_in = x;
  const skips = [x];
  for (const [i, level] of architecture.down.entries()) {
    const part = weights.part(`down_blocks.${i}`);
    for (let j = 0; j < level.resnets; j++) {
      x = block([x], part, level, j);
      skips.push(x);
    }
    if (i < blockOutChannels.length - 1) {
      x = downsample(x, part.part("downsamplers.0.conv"));
      skips.push(x);
    }
    intermediates[`down_blocks.${i}`] = x;
  }

  const middle = weights.part("mid_block");
  x = block([x], middle, architecture.mid, 0);
  x = residual([x], middle.part("resnets.1"));
  intermediates.mid_block = x;

  for (const [i, level] of architecture.up.entries()) {
    const part = weights.part(`up_blocks.${i}`);
    for (let j = 0; j < level.resnets; j++) x = block([x, skips.pop()!], part, level, j);
    if (i < blockOutChannels.length - 1)
      x = convLayer(upsampleNearest(x, skips.at(-1)!), part.part("upsamplers.0.conv"));
    intermediates[`up_blocks.${i}`] = x;
  }
  const normalized = silu(groupNormLayer(x, weights.part("conv_norm_out"), groups, eps));
  return { prediction: convLayer(normalized, weights.part("conv_out")), intermediates };
}

/** The encoded texts for each block with cross-attention, in order of execution. */
function hiddenStatesOfBlocks({ encoderHiddenStates }: UNetInputs, architecture: UNetArchitecture): readonly Tensor[] {
  const layers = crossAttentionLayers(architecture);
  if ("shape" in encoderHiddenStates) return layers.map(() => encoderHiddenStates);
  if (encoderHiddenStates.length !== layers.length)
    throw new Error(`${encoderHiddenStates.length} encoderHiddenStates for ${layers.length} layers`);
  return encoderHiddenStates;
}

function downsample(x: Tensor, weights: Weights): Tensor {
  return conv2d(x, weights.get("weight"), weights.get("bias"), { stride: 2, padding: [1, 1, 1, 1] });
}

/** The embedding of the timestep, for SDXL plus that of pooled text and time ids: [B, 4 x first blockOutChannels]. */
function timeEmbedding(
  weights: Weights,
  { sinusoidWidth, addition }: UNetArchitecture,
  { timesteps, pooled, timeIds }: UNetInputs,
  intermediates: Record<string, Tensor>,
): Tensor {
  const features = sinusoids(timesteps, sinusoidWidth);
  intermediates.time_features = features;
  const embedding = twoLayers(features, weights.part("time_embedding"));
  intermediates.time_embedding = embedding;
  if (!addition) return embedding;
  if (!pooled || !timeIds) throw new Error("this U-Net needs pooled text and time ids");
  const batch = timesteps.shape[0]!;
  const sizeFeatures = sinusoids(reshape(timeIds, [multiplyDims(6, batch)]), addition.timeIdDim);
  const vector = concat([pooled, reshape(sizeFeatures, [batch, 6 * addition.timeIdDim])], 1);
  intermediates.add_vector = vector;
  const added = twoLayers(vector, weights.part("add_embedding"));
  intermediates.add_embedding = added;
  return add(embedding, added);
}

function twoLayers(x: Tensor, weights: Weights): Tensor {
  return linearLayer(silu(linearLayer(x, weights.part("linear_1"))), weights.part("linear_2"));
}
