import type { StoredArray } from "../../array/index.ts";
import { type Config, countAfter, countOf, greatestCommonDivisor, residualBlock, weightAndBias } from "./parts.ts";

const residualParts: ReadonlyMap<string, string> = new Map(
  Object.entries({
    "in_layers.0": "norm1",
    "in_layers.2": "conv1",
    "emb_layers.1": "time_emb_proj",
    "out_layers.0": "norm2",
    "out_layers.3": "conv2",
    skip_connection: "conv_shortcut",
  }),
);

const outerParts: ReadonlyMap<string, string> = new Map(
  Object.entries({
    "time_embed.0": "time_embedding.linear_1",
    "time_embed.2": "time_embedding.linear_2",
    "label_emb.0.0": "add_embedding.linear_1",
    "label_emb.0.2": "add_embedding.linear_2",
    "input_blocks.0.0": "conv_in",
    "out.0": "conv_norm_out",
    "out.2": "conv_out",
  }),
);

const middleParts: Readonly<Record<string, string>> = { 0: "resnets.0", 1: "attentions.0", 2: "resnets.1" };

/** The Diffusers name of each LDM U-Net name (both without prefix) that a rule covers. Source: Diffusers, loaders/single_file_utils.py, `convert_ldm_unet_checkpoint`. */
export function unetNamesFromLdm(names: readonly string[]): Map<string, string> {
  const stride = blocksPerLevel(names);
  const renamed = new Map<string, string>();
  for (const name of names) {
    const diffusers = diffusersName(name, stride);
    if (diffusers !== undefined) renamed.set(name, diffusers);
  }
  return renamed;
}

/** n of the rules: residual blocks per level plus one. Downsamplers are at n, 2n, ...; without any there is one level. */
function blocksPerLevel(names: readonly string[]): number {
  let stride = 0;
  let last = 0;
  for (const name of names) {
    const block = /^input_blocks\.(\d{1,4})\.(\d\.op\.)?/.exec(name);
    if (!block) continue;
    last = Math.max(last, Number(block[1]));
    if (block[2]) stride = greatestCommonDivisor(stride, Number(block[1]));
  }
  return stride || last + 1;
}

function diffusersName(name: string, stride: number): string | undefined {
  const parts = /^(.+)\.(weight|bias)$/.exec(name);
  if (!parts) return undefined;
  const [, stem, kind] = parts as unknown as [string, string, string];
  const outer = outerParts.get(stem);
  if (outer) return `${outer}.${kind}`;
  const inner = /^(input_blocks|output_blocks|middle_block)\.(\d+)\.(.+)$/.exec(stem);
  if (!inner) return undefined;
  const [, side, number, rest] = inner as unknown as [string, string, string, string];
  const place =
    side === "middle_block"
      ? placed(`mid_block.${middleParts[number]}`, rest)
      : side === "input_blocks"
        ? downBlock(Number(number) - 1, stride, rest)
        : upBlock(Number(number), stride, rest);
  return place && `${place}.${kind}`;
}

function downBlock(position: number, stride: number, rest: string): string | undefined {
  const block = `down_blocks.${Math.floor(position / stride)}`;
  if (rest === "0.op") return `${block}.downsamplers.0.conv`;
  return blockPart(block, position % stride, rest);
}

function upBlock(position: number, stride: number, rest: string): string | undefined {
  const block = `up_blocks.${Math.floor(position / stride)}`;
  if (rest === "1.conv" || rest === "2.conv") return `${block}.upsamplers.0.conv`;
  return blockPart(block, position % stride, rest);
}

function blockPart(block: string, index: number, rest: string): string | undefined {
  if (rest.startsWith("0.")) return placed(`${block}.resnets.${index}`, rest.slice(2));
  if (rest.startsWith("1.")) return placed(`${block}.attentions.${index}`, rest.slice(2));
  return undefined;
}

function placed(place: string, part: string): string | undefined {
  if (!place.includes(".resnets.")) return `${place}.${part}`;
  const residual = residualParts.get(part);
  return residual && `${place}.${residual}`;
}

const residualLayers = ["norm1", "conv1", "time_emb_proj", "norm2", "conv2"];
const attentionLayers = ["to_q.weight", "to_k.weight", "to_v.weight", "to_out.0.weight", "to_out.0.bias"];

/** Every tensor a U-Net needs, with the levels, blocks and depths seen in the names or stated in its config. */
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
    // A level has attention both on its way down and up, or not at all.
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
  for (let j = 0; j < layers; j++) names.push(...residualBlock(found, `${name}.resnets.${j}`, residualLayers));
  return attends ? [...names, ...transformer(keys, name, layers)] : names;
}

/** The tensors of all transformers of a block, each as deep as the deepest. */
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
    ...["attn1", "attn2"].flatMap((attention) => attentionLayers.map((part) => `${place}.${attention}.${part}`)),
  ];
}
