import { CoinageError } from "../errors/index.ts";
import {
  type ComponentConfig,
  configNumber,
  countParts,
  normGroups,
  shapeIn,
  unknownArchitecture,
} from "./architecture.ts";
import type { WeightMap } from "./weights.ts";

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
