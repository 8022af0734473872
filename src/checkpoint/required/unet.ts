import type { StoredArray } from "../../array/index.ts";
import { countAfter } from "../names/indices.ts";
import { type Config, countOf, residualBlock, weightAndBias } from "./parts.ts";

const residualParts = ["norm1", "conv1", "time_emb_proj", "norm2", "conv2"];
const attentionParts = ["to_q.weight", "to_k.weight", "to_v.weight", "to_out.0.weight", "to_out.0.bias"];

/** Every tensor a U-Net of the levels, blocks and depths seen in the names, or stated in its config, needs. */
export function unetTensorNames(
  found: ReadonlyMap<string, StoredArray>,
  config: Config,
  needsAddedConditions: boolean,
): readonly string[] {
  const keys = [...found.keys()];
  const seenLevels = Math.max(countAfter(keys, "down_blocks."), countAfter(keys, "up_blocks."));
  const levels = countOf(seenLevels, config?.block_out_channels);
  const down = Array.from({ length: levels }, (_, i) => `down_blocks.${i}`);
  const up = Array.from({ length: levels }, (_, i) => `up_blocks.${i}`);
  const seenLayers = Math.max(...down.map((block) => countAfter(keys, `${block}.resnets.`)));
  const layers = countOf(seenLayers, Array.isArray(config?.layers_per_block) ? undefined : config?.layers_per_block);
  const hasAttention = (block: string) => countAfter(keys, `${block}.attentions.`) > 0;

  const names = ["conv_in", "time_embedding.linear_1", "time_embedding.linear_2", "conv_norm_out", "conv_out"].flatMap(
    weightAndBias,
  );
  if (needsAddedConditions) names.push(...["add_embedding.linear_1", "add_embedding.linear_2"].flatMap(weightAndBias));
  for (let i = 0; i < levels; i++) {
    // A level has attention on its way down and up or not at all.
    const attends = hasAttention(down[i]!) || hasAttention(up[levels - 1 - i]!);
    names.push(...block(found, keys, down[i]!, layers, attends));
    names.push(...block(found, keys, up[levels - 1 - i]!, layers + 1, attends));
    if (i < levels - 1) names.push(...weightAndBias(`${down[i]}.downsamplers.0.conv`));
    if (i < levels - 1) names.push(...weightAndBias(`${up[i]}.upsamplers.0.conv`));
  }
  names.push(...block(found, keys, "mid_block", 2, false), ...transformer(keys, "mid_block", 1));
  return names;
}

function block(
  found: ReadonlyMap<string, StoredArray>,
  keys: readonly string[],
  name: string,
  layers: number,
  attends: boolean,
): string[] {
  const names: string[] = [];
  for (let j = 0; j < layers; j++) names.push(...residualBlock(found, `${name}.resnets.${j}`, residualParts));
  return attends ? [...names, ...transformer(keys, name, layers)] : names;
}

/** All transformers of a block, as deep as the deepest of them. */
function transformer(keys: readonly string[], block: string, layers: number): string[] {
  const places = Array.from({ length: layers }, (_, j) => `${block}.attentions.${j}`);
  const depth = Math.max(1, ...places.map((place) => countAfter(keys, `${place}.transformer_blocks.`)));
  return places.flatMap((place) => [
    ...["norm", "proj_in", "proj_out"].flatMap((part) => weightAndBias(`${place}.${part}`)),
    ...Array.from({ length: depth }, (_, k) => transformerBlock(`${place}.transformer_blocks.${k}`)).flat(),
  ]);
}

function transformerBlock(place: string): string[] {
  return [
    ...["norm1", "norm2", "norm3", "ff.net.0.proj", "ff.net.2"].flatMap((part) => weightAndBias(`${place}.${part}`)),
    ...["attn1", "attn2"].flatMap((attention) => attentionParts.map((part) => `${place}.${attention}.${part}`)),
  ];
}
