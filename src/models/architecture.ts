import { CoinageError } from "../errors/index.ts";
import type { WeightMap } from "./weights.ts";

/** The config.json of a component as it was read, or nothing when the file has none. */
export type ComponentConfig = Readonly<Record<string, unknown>> | undefined;

/** The shape of a tensor. @throws CHECKPOINT_INCOMPLETE */
function shapeIn(weights: WeightMap, name: string): readonly number[] {
  const stored = weights.get(name);
  if (stored) return stored.shape;
  throw new CoinageError("CHECKPOINT_INCOMPLETE", `The model has no tensor "${name}".`, {
    hint: "The file is no complete Stable Diffusion model, or of a kind not supported.",
  });
}

/** How many numbered parts there are: 1 + the largest index that follows the prefix. */
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

/** The number of normalisation groups: the config's, else 32. @throws ARCHITECTURE_UNKNOWN when they do not divide every width */
function normGroups(config: ComponentConfig, widths: readonly number[]): number {
  const groups = configNumber(config, "norm_num_groups") ?? 32;
  if (widths.every((width) => width % groups === 0)) return groups;
  throw unknownArchitecture(`${groups} normalisation groups do not divide the widths ${widths.join(", ")}`);
}

function unknownArchitecture(what: string): CoinageError {
  return new CoinageError("ARCHITECTURE_UNKNOWN", `How this model is built cannot be told from its tensors: ${what}.`, {
    hint: "Load it from a Diffusers folder, whose config.json says it.",
  });
}

export interface TextArchitecture {
  readonly vocabularySize: number;
  readonly width: number;
  /** Length of a chunk. */
  readonly positions: number;
  readonly layers: number;
  readonly heads: number;
  readonly activation: "quick_gelu" | "gelu";
  readonly eps: number;
}

/** Deduces a text encoder's architecture; heads, activation and eps from the config where there is one.
 *  defaultActivation: quick_gelu for OpenAI's encoders, gelu for OpenCLIP's. @throws ARCHITECTURE_UNKNOWN, CHECKPOINT_INCOMPLETE */
export function inferText(
  weights: WeightMap,
  config: ComponentConfig,
  defaultActivation: TextArchitecture["activation"],
): TextArchitecture {
  const [vocabularySize, width] = shapeIn(weights, "text_model.embeddings.token_embedding.weight") as [number, number];
  const heads = configNumber(config, "num_attention_heads") ?? width / 64;
  if (!Number.isInteger(heads) || heads <= 0 || width % heads !== 0)
    throw unknownArchitecture(`the number of attention heads of a text encoder of width ${width} is not stated`);
  const activation = config?.hidden_act ?? defaultActivation;
  if (activation !== "quick_gelu" && activation !== "gelu")
    throw unknownArchitecture(
      `the activation ${typeof activation === "string" ? `"${activation}"` : "stated"} of the text encoder is not known`,
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

/** What the tensors of a U-Net leave open or imply about how it is put together. */
export interface UNetArchitecture {
  readonly inChannels: number;
  readonly outChannels: number;
  /** Channels per level, from full size down. */
  readonly widths: readonly number[];
  readonly down: readonly LevelArchitecture[];
  readonly mid: LevelArchitecture;
  /** From the smallest size up. */
  readonly up: readonly LevelArchitecture[];
  readonly contextWidth: number;
  readonly sinusoidWidth: number;
  readonly groups: number;
  readonly eps: number;
  /** SDXL: conditioning on pooled text and sizes. */
  readonly addition: { readonly pooledWidth: number; readonly sizeWidth: number } | undefined;
}

export interface LevelArchitecture {
  readonly resnets: number;
  /** Transformer blocks behind each residual block; empty without attention. */
  readonly depths: readonly number[];
  readonly heads: number;
}

const sizeWidth = 256;

/** Deduces a U-Net's architecture from names and shapes; heads, groups and eps from the config where there is one.
 *  @throws ARCHITECTURE_UNKNOWN, CHECKPOINT_INCOMPLETE */
export function inferUNet(weights: WeightMap, config?: ComponentConfig): UNetArchitecture {
  refuseVariants(config);
  const levels = countParts(weights, "down_blocks.");
  const widths = Array.from(
    { length: levels },
    (_, i) => shapeIn(weights, `down_blocks.${i}.resnets.0.conv1.weight`)[0]!,
  );
  const groups = normGroups(config, widths);
  const isConvForm = [...weights].some(([name, { shape }]) => name.endsWith("proj_in.weight") && shape.length === 4);
  const contextWidth = findContextWidth(weights);
  const headsOf = headRule(config, widths, isConvForm || contextWidth === 768);
  const level = (prefix: string, index: number): LevelArchitecture => {
    const depths = attentionDepths(weights, prefix);
    return {
      resnets: countParts(weights, `${prefix}.resnets.`),
      depths,
      heads: depths.length > 0 ? headsOf(index) : 0,
    };
  };
  const [, sinusoidWidth] = shapeIn(weights, "time_embedding.linear_1.weight");
  const vectorWidth = weights.get("add_embedding.linear_1.weight")?.shape[1];
  return {
    inChannels: shapeIn(weights, "conv_in.weight")[1]!,
    outChannels: shapeIn(weights, "conv_out.weight")[0]!,
    widths,
    down: widths.map((_, i) => level(`down_blocks.${i}`, i)),
    mid: level("mid_block", levels - 1),
    up: widths.map((_, i) => level(`up_blocks.${i}`, levels - 1 - i)),
    contextWidth,
    sinusoidWidth: sinusoidWidth!,
    groups,
    eps: configNumber(config, "norm_eps") ?? 1e-5,
    addition: vectorWidth === undefined ? undefined : { pooledWidth: vectorWidth - 6 * sizeWidth, sizeWidth },
  };
}

function attentionDepths(weights: WeightMap, prefix: string): number[] {
  const attentions = countParts(weights, `${prefix}.attentions.`);
  return Array.from({ length: attentions }, (_, j) =>
    countParts(weights, `${prefix}.attentions.${j}.transformer_blocks.`),
  );
}

function findContextWidth(weights: WeightMap): number {
  for (const [name, { shape }] of weights) if (name.endsWith(".attn2.to_k.weight")) return shape[1]!;
  throw unknownArchitecture("no cross-attention was found");
}

/** Heads at a level. Configs of these models call the number of heads `attention_head_dim`, for historical reasons. */
function headRule(
  config: ComponentConfig,
  widths: readonly number[],
  isEightHeads: boolean,
): (level: number) => number {
  const stated = config?.num_attention_heads ?? config?.attention_head_dim;
  return (level) => {
    const width = widths[level]!;
    const heads = Array.isArray(stated) ? Number(stated[level]) : typeof stated === "number" ? stated : undefined;
    const count = heads ?? (isEightHeads ? 8 : width / 64);
    if (Number.isInteger(count) && count > 0 && width % count === 0) return count;
    throw unknownArchitecture(`${count} attention heads do not divide the width ${width}`);
  };
}

/** Building blocks that Stable Diffusion does not have. */
function refuseVariants(config: ComponentConfig): void {
  const mustBeAbsent = [
    "class_embed_type",
    "time_cond_proj_dim",
    "encoder_hid_dim",
    "dual_cross_attention",
    "only_cross_attention",
  ];
  const found = mustBeAbsent.find((key) => config?.[key]);
  if (found) throw new CoinageError("ARCHITECTURE_UNKNOWN", `This U-Net has "${found}", which is not supported.`);
}

export interface VaeArchitecture {
  readonly widths: readonly number[];
  /** Residual blocks a level of the encoder; the decoder has one more. */
  readonly resnets: number;
  readonly latentChannels: number;
  readonly hasAttention: boolean;
  readonly groups: number;
  /** Pixels to one latent along each side. */
  readonly factor: number;
  /** Factor from latents as encoded to latents as the U-Net knows them. */
  readonly scalingFactor: number;
}

/** Deduces a VAE's architecture; groups and scaling factor from the config where there is one. @throws ARCHITECTURE_UNKNOWN, CHECKPOINT_INCOMPLETE */
export function inferVae(weights: WeightMap, config: ComponentConfig, defaultScalingFactor: number): VaeArchitecture {
  const levels = countParts(weights, "encoder.down_blocks.");
  const widths = Array.from(
    { length: levels },
    (_, i) => shapeIn(weights, `encoder.down_blocks.${i}.resnets.0.conv1.weight`)[0]!,
  );
  return {
    widths,
    resnets: countParts(weights, "encoder.down_blocks.0.resnets."),
    latentChannels: shapeIn(weights, "decoder.conv_in.weight")[1]!,
    hasAttention: countParts(weights, "decoder.mid_block.attentions.") > 0,
    groups: normGroups(config, widths),
    factor: 2 ** (levels - 1),
    scalingFactor: configNumber(config, "scaling_factor") ?? defaultScalingFactor,
  };
}
