import { CoinageError } from "../errors/index.ts";
import type { WeightMap } from "./weights.ts";

/** The config.json of a component; undefined if there is none. */
export type ComponentConfig = Readonly<Record<string, unknown>> | undefined;

/** The shape of a tensor. @throws CHECKPOINT_INCOMPLETE */
function shapeIn(weights: WeightMap, name: string): readonly number[] {
  const stored = weights.get(name);
  if (stored) return stored.shape;
  throw new CoinageError("CHECKPOINT_INCOMPLETE", `The model has no tensor "${name}".`, {
    hint: "The file is not a complete Stable Diffusion model, or of an unsupported kind.",
  });
}

/** The number of numbered parts: 1 + the largest index after the prefix. */
function countParts(weights: WeightMap, prefix: string): number {
  let count = 0;
  for (const name of weights.keys()) {
    if (!name.startsWith(prefix)) continue;
    const index = Number.parseInt(name.slice(prefix.length), 10);
    if (index >= count) count = index + 1;
  }
  return count;
}

/** A positive number of a config, or undefined. */
function configNumber(config: ComponentConfig, key: string): number | undefined {
  const value = config?.[key];
  return typeof value === "number" && value > 0 ? value : undefined;
}

/** Normalization groups: from the config, or 32. @throws ARCHITECTURE_UNKNOWN if the number does not divide every width */
function normGroups(config: ComponentConfig, blockOutChannels: readonly number[]): number {
  const groups = configNumber(config, "norm_num_groups") ?? 32;
  if (blockOutChannels.every((width) => width % groups === 0)) return groups;
  throw unknownArchitecture(`${groups} normalization groups do not divide the channels ${blockOutChannels.join(", ")}`);
}

function unknownArchitecture(what: string): CoinageError {
  return new CoinageError(
    "ARCHITECTURE_UNKNOWN",
    `The architecture of this model cannot be inferred from its tensors: ${what}.`,
    {
      hint: "Load it from a Diffusers folder, whose config.json states it.",
    },
  );
}

export interface TextArchitecture {
  readonly vocabularySize: number;
  readonly width: number;
  /** Tokens in a chunk. */
  readonly positions: number;
  readonly layers: number;
  readonly heads: number;
  readonly activation: "quick_gelu" | "gelu";
  readonly eps: number;
}

/** Infers the architecture of a text encoder; heads, activation and eps come from the config if there is one.
 *  defaultActivation: quick_gelu for OpenAI's encoders, gelu for OpenCLIP's. @throws ARCHITECTURE_UNKNOWN, CHECKPOINT_INCOMPLETE */
export function inferText(
  weights: WeightMap,
  config: ComponentConfig,
  defaultActivation: TextArchitecture["activation"],
): TextArchitecture {
  const [vocabularySize, width] = shapeIn(weights, "text_model.embeddings.token_embedding.weight") as [number, number];
  const heads = configNumber(config, "num_attention_heads") ?? width / 64;
  if (!Number.isInteger(heads) || heads <= 0 || width % heads !== 0)
    throw unknownArchitecture(`the number of attention heads of the text encoder (width ${width}) is unknown`);
  const activation = config?.hidden_act ?? defaultActivation;
  if (activation !== "quick_gelu" && activation !== "gelu")
    throw unknownArchitecture(
      `the activation ${typeof activation === "string" ? `"${activation}"` : "in the config"} of the text encoder is not supported`,
    );
  return {
    vocabularySize,
    width,
    positions: shapeIn(weights, "text_model.embeddings.position_embedding.weight")[0]!,
    layers: countParts(weights, "text_model.encoder.layers."),
    heads,
    activation,
    eps: configNumber(config, "layer_norm_eps") ?? 1e-5,
  };
}

/** A U-Net's architecture, as far as Stable Diffusion models differ in it. */
export interface UNetArchitecture {
  readonly inChannels: number;
  readonly outChannels: number;
  /** Channels of each level, from full resolution down. */
  readonly blockOutChannels: readonly number[];
  readonly down: readonly LevelArchitecture[];
  readonly mid: LevelArchitecture;
  /** From the lowest resolution up. */
  readonly up: readonly LevelArchitecture[];
  /** Width of the text states. */
  readonly crossAttentionDim: number;
  readonly sinusoidWidth: number;
  readonly groups: number;
  readonly eps: number;
  /** SDXL: conditioning on pooled text and on time ids, the original size, crop and target size. */
  readonly addition: { readonly pooledDim: number; readonly timeIdDim: number } | undefined;
}

export interface LevelArchitecture {
  readonly resnets: number;
  /** Transformer blocks after each residual block; empty without attention. */
  readonly transformerLayers: readonly number[];
  readonly heads: number;
}

const timeIdDim = 256;

/** Infers the architecture of a U-Net from names and shapes; heads, groups and eps come from the config if there is one.
 *  @throws ARCHITECTURE_UNKNOWN, CHECKPOINT_INCOMPLETE */
export function inferUNet(weights: WeightMap, config?: ComponentConfig): UNetArchitecture {
  refuseVariants(config);
  const levels = countParts(weights, "down_blocks.");
  const blockOutChannels = Array.from(
    { length: levels },
    (_, i) => shapeIn(weights, `down_blocks.${i}.resnets.0.conv1.weight`)[0]!,
  );
  const groups = normGroups(config, blockOutChannels);
  const isConvForm = [...weights].some(([name, { shape }]) => name.endsWith("proj_in.weight") && shape.length === 4);
  const crossAttentionDim = findCrossAttentionDim(weights);
  const headsOf = headRule(config, blockOutChannels, isConvForm || crossAttentionDim === 768);
  const level = (prefix: string, index: number): LevelArchitecture => {
    const transformerLayers = attentionDepths(weights, prefix);
    return {
      resnets: countParts(weights, `${prefix}.resnets.`),
      transformerLayers,
      heads: transformerLayers.length > 0 ? headsOf(index) : 0,
    };
  };
  const [, sinusoidWidth] = shapeIn(weights, "time_embedding.linear_1.weight");
  const vectorWidth = weights.get("add_embedding.linear_1.weight")?.shape[1];
  return {
    inChannels: shapeIn(weights, "conv_in.weight")[1]!,
    outChannels: shapeIn(weights, "conv_out.weight")[0]!,
    blockOutChannels,
    down: blockOutChannels.map((_, i) => level(`down_blocks.${i}`, i)),
    mid: level("mid_block", levels - 1),
    up: blockOutChannels.map((_, i) => level(`up_blocks.${i}`, levels - 1 - i)),
    crossAttentionDim,
    sinusoidWidth: sinusoidWidth!,
    groups,
    eps: configNumber(config, "norm_eps") ?? 1e-5,
    addition: vectorWidth === undefined ? undefined : { pooledDim: vectorWidth - 6 * timeIdDim, timeIdDim },
  };
}

function attentionDepths(weights: WeightMap, prefix: string): number[] {
  const attentions = countParts(weights, `${prefix}.attentions.`);
  return Array.from({ length: attentions }, (_, j) =>
    countParts(weights, `${prefix}.attentions.${j}.transformer_blocks.`),
  );
}

function findCrossAttentionDim(weights: WeightMap): number {
  for (const [name, { shape }] of weights) if (name.endsWith(".attn2.to_k.weight")) return shape[1]!;
  throw unknownArchitecture("it has no cross-attention");
}

/** Attention heads of a level. For historical reasons, configs of these models call their number `attention_head_dim`. */
function headRule(
  config: ComponentConfig,
  blockOutChannels: readonly number[],
  isEightHeads: boolean,
): (level: number) => number {
  const stated = config?.num_attention_heads ?? config?.attention_head_dim;
  return (level) => {
    const width = blockOutChannels[level]!;
    const heads = Array.isArray(stated) ? Number(stated[level]) : typeof stated === "number" ? stated : undefined;
    const count = heads ?? (isEightHeads ? 8 : width / 64);
    if (Number.isInteger(count) && count > 0 && width % count === 0) return count;
    throw unknownArchitecture(`${count} attention heads do not divide ${width} channels`);
  };
}

/** Refuses a config with building blocks that Stable Diffusion does not have. */
function refuseVariants(config: ComponentConfig): void {
  const mustBeAbsent = [
    "class_embed_type",
    "time_cond_proj_dim",
    "encoder_hid_dim",
    "dual_cross_attention",
    "only_cross_attention",
  ];
  const found = mustBeAbsent.find((key) => config?.[key]);
  if (found) throw new CoinageError("ARCHITECTURE_UNKNOWN", `This U-Net uses "${found}", which is not supported.`);
}

export interface VaeArchitecture {
  readonly blockOutChannels: readonly number[];
  /** Residual blocks of each level of the encoder; the decoder has one more. */
  readonly resnets: number;
  readonly latentChannels: number;
  readonly hasAttention: boolean;
  readonly groups: number;
  /** Pixels per latent along each side. */
  readonly vaeScaleFactor: number;
  /** Factor from encoded latents to latents of the U-Net. */
  readonly scalingFactor: number;
}

/** Infers the architecture of a VAE; groups and scaling factor come from the config if there is one. @throws ARCHITECTURE_UNKNOWN, CHECKPOINT_INCOMPLETE */
export function inferVae(weights: WeightMap, config: ComponentConfig, defaultScalingFactor: number): VaeArchitecture {
  const levels = countParts(weights, "encoder.down_blocks.");
  const blockOutChannels = Array.from(
    { length: levels },
    (_, i) => shapeIn(weights, `encoder.down_blocks.${i}.resnets.0.conv1.weight`)[0]!,
  );
  return {
    blockOutChannels,
    resnets: countParts(weights, "encoder.down_blocks.0.resnets."),
    latentChannels: shapeIn(weights, "decoder.conv_in.weight")[1]!,
    hasAttention: countParts(weights, "decoder.mid_block.attentions.") > 0,
    groups: normGroups(config, blockOutChannels),
    vaeScaleFactor: 2 ** (levels - 1),
    scalingFactor: configNumber(config, "scaling_factor") ?? defaultScalingFactor,
  };
}
