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
  /** Text states [B, T, D]; or one for each block with cross-attention, in order of execution (see crossAttentionLayers). */
  readonly context: Tensor | readonly Tensor[];
  /** SDXL: pooled text [B, P] */
  readonly pooled?: Tensor;
  /** SDXL: original height and width, crop top and left, target height and width: [B, 6] */
  readonly sizes?: Tensor;
}

export interface UNetOutputs {
  /** Noise or velocity [B, channels, H, W] */
  readonly prediction: Tensor;
  /** What the named modules give, for looking inside. */
  readonly stages: Readonly<Record<string, Tensor>>;
}

export interface UNetOptions {
  /** Keep only what goes into residual blocks and transformer blocks, and compute the rest again for the gradient. */
  readonly checkpointing?: boolean;
}

/** The U-Net of SD 1.x, 2.x and SDXL, of any width and depth. Source: Rombach 2022, as laid out in Diffusers. */
export function unet(
  weights: Weights,
  architecture: UNetArchitecture,
  inputs: UNetInputs,
  { checkpointing = false }: UNetOptions = {},
): UNetOutputs {
  const { latents } = inputs;
  const { widths, groups, eps } = architecture;
  const stages: Record<string, Tensor> = {};
  const time = silu(timeEmbedding(weights, architecture, inputs, stages));
  const contexts = contextsOf(inputs, architecture).values();
  const policy = checkpointing ? recomputeActivations : keepActivations;
  const residual = (parts: readonly Tensor[], part: Weights) =>
    policy.segment([time, ...parts], ([time, ...parts]) => residualBlock(concat(parts, 1), part, architecture, time!));
  const block = (parts: readonly Tensor[], part: Weights, { depths, heads }: LevelArchitecture, index: number) => {
    const h = residual(parts, part.part(`resnets.${index}`));
    const depth = depths[index];
    if (!depth) return h;
    const context = contexts.next().value!;
    return spatialTransformer(h, context, part.part(`attentions.${index}`), { depth, heads, groups, policy });
  };

  let x = convLayer(latents, weights.part("conv_in"));
  stages.conv_in = x;
  const skips = [x];
  for (const [i, level] of architecture.down.entries()) {
    const part = weights.part(`down_blocks.${i}`);
    for (let j = 0; j < level.resnets; j++) {
      x = block([x], part, level, j);
      skips.push(x);
    }
    if (i < widths.length - 1) {
      x = downsample(x, part.part("downsamplers.0.conv"));
      skips.push(x);
    }
    stages[`down_blocks.${i}`] = x;
  }

  const middle = weights.part("mid_block");
  x = block([x], middle, architecture.mid, 0);
  x = residual([x], middle.part("resnets.1"));
  stages.mid_block = x;

  for (const [i, level] of architecture.up.entries()) {
    const part = weights.part(`up_blocks.${i}`);
    for (let j = 0; j < level.resnets; j++) x = block([x, skips.pop()!], part, level, j);
    if (i < widths.length - 1) x = convLayer(upsampleNearest(x, skips.at(-1)!), part.part("upsamplers.0.conv"));
    stages[`up_blocks.${i}`] = x;
  }
  const normalized = silu(groupNormLayer(x, weights.part("conv_norm_out"), groups, eps));
  return { prediction: convLayer(normalized, weights.part("conv_out")), stages };
}

/** The text states that each block with cross-attention reads, in order of execution. */
function contextsOf({ context }: UNetInputs, architecture: UNetArchitecture): readonly Tensor[] {
  const layers = crossAttentionLayers(architecture);
  if ("shape" in context) return layers.map(() => context);
  if (context.length !== layers.length) throw new Error(`${context.length} contexts for ${layers.length} layers`);
  return context;
}

function downsample(x: Tensor, weights: Weights): Tensor {
  return conv2d(x, weights.get("weight"), weights.get("bias"), { stride: 2, padding: [1, 1, 1, 1] });
}

/** The embedding of the time step, plus that of pooled text and sizes for SDXL: [B, 4 x first width]. */
function timeEmbedding(
  weights: Weights,
  { sinusoidWidth, addition }: UNetArchitecture,
  { timesteps, pooled, sizes }: UNetInputs,
  stages: Record<string, Tensor>,
): Tensor {
  const features = sinusoids(timesteps, sinusoidWidth);
  stages.time_features = features;
  const embedding = twoLayers(features, weights.part("time_embedding"));
  stages.time_embedding = embedding;
  if (!addition) return embedding;
  if (!pooled || !sizes) throw new Error("this U-Net needs pooled text and sizes");
  const batch = timesteps.shape[0]!;
  const sizeFeatures = sinusoids(reshape(sizes, [multiplyDims(6, batch)]), addition.sizeWidth);
  const vector = concat([pooled, reshape(sizeFeatures, [batch, 6 * addition.sizeWidth])], 1);
  stages.add_vector = vector;
  const added = twoLayers(vector, weights.part("add_embedding"));
  stages.add_embedding = added;
  return add(embedding, added);
}

function twoLayers(x: Tensor, weights: Weights): Tensor {
  return linearLayer(silu(linearLayer(x, weights.part("linear_1"))), weights.part("linear_2"));
}
