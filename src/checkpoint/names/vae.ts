import type { StoredArray } from "../../array/index.ts";
import { type Config, countAfter, countOf, residualBlock, weightAndBias } from "./parts.ts";

/** Diffusers' attention names, by the names in LDM files. These may hold Diffusers' own: conversion scripts older than those names copy them unchanged. */
const attentionParts: ReadonlyMap<string, string> = new Map(
  Object.entries({
    to_q: "to_q",
    to_k: "to_k",
    to_v: "to_v",
    "to_out.0": "to_out.0",
    norm: "group_norm",
    q: "to_q",
    k: "to_k",
    v: "to_v",
    proj_out: "to_out.0",
  }),
);

/** Diffusers' names of the attention before 2023. */
const oldAttentionParts: ReadonlyMap<string, string> = new Map(
  Object.entries({
    query: "to_q",
    key: "to_k",
    value: "to_v",
    proj_attn: "to_out.0",
  }),
);

const attention = /^((?:encoder|decoder)\.mid_block\.attentions\.0)\.(.+)\.(weight|bias)$/;

/** The Diffusers name of each LDM autoencoder name (both without prefix) that a rule covers. Source: Diffusers, loaders/single_file_utils.py, `convert_ldm_vae_checkpoint`. */
export function vaeNamesFromLdm(names: readonly string[]): Map<string, string> {
  const levels = Math.max(countAfter(names, "decoder.up."), countAfter(names, "encoder.down."));
  const renamed = new Map<string, string>();
  for (const name of names) {
    const diffusers = diffusersName(name, levels);
    if (diffusers !== undefined) renamed.set(name, diffusers);
  }
  return renamed;
}

/** Today's Diffusers name: old files call the attention's parts query, key, value and proj_attn. */
export function modernVaeName(name: string): string {
  return name.replace(attention, (whole, place: string, part: string, kind: string) =>
    oldAttentionParts.has(part) ? `${place}.${oldAttentionParts.get(part)}.${kind}` : whole,
  );
}

/** Whether a tensor is a matrix that single files store as a 1x1 convolution. */
export function isVaeAttentionMatrix(name: string): boolean {
  return /\.mid_block\.attentions\.0\.to_(q|k|v|out\.0)\.weight$/.test(name);
}

function diffusersName(name: string, levels: number): string | undefined {
  if (/^(post_)?quant_conv\./.test(name) || /^(encoder|decoder)\.conv_(in|out)\./.test(name)) return name;
  const half = /^(encoder|decoder)\.(.+)$/.exec(name);
  if (!half) return undefined;
  const [, side, rest] = half as unknown as [string, string, string];
  const renamed = normOut(rest) ?? middle(rest) ?? level(side, rest, levels);
  return renamed && `${side}.${renamed}`;
}

function normOut(rest: string): string | undefined {
  return rest.startsWith("norm_out.") ? `conv_${rest}` : undefined;
}

function middle(rest: string): string | undefined {
  const residual = /^mid\.block_(\d+)\.(.+)$/.exec(rest);
  if (residual) return `mid_block.resnets.${Number(residual[1]) - 1}.${residualPart(residual[2]!)}`;
  const [, part = "", kind] = /^mid\.attn_1\.(.+)\.(weight|bias)$/.exec(rest) ?? [];
  return attentionParts.has(part) ? `mid_block.attentions.0.${attentionParts.get(part)}.${kind}` : undefined;
}

function level(side: string, rest: string, levels: number): string | undefined {
  const parts = /^(down|up)\.(\d+)\.(block\.(\d+)|downsample\.conv|upsample\.conv)\.(.+)$/.exec(rest);
  if (!parts || (parts[1] === "down") !== (side === "encoder")) return undefined;
  const [, direction, number, , index, tail] = parts as unknown as string[];
  // LDM counts the decoder's levels from the image, Diffusers from the latents.
  const block = direction === "down" ? `down_blocks.${number}` : `up_blocks.${levels - 1 - Number(number)}`;
  if (index !== undefined) return `${block}.resnets.${index}.${residualPart(tail!)}`;
  return `${block}.${direction}samplers.0.conv.${tail}`;
}

function residualPart(part: string): string {
  return part.replace(/^nin_shortcut\./, "conv_shortcut.");
}

const residualLayers = ["norm1", "conv1", "norm2", "conv2"];
const attentionLayers = ["group_norm", "to_q", "to_k", "to_v", "to_out.0"];

/** Every tensor an autoencoder needs, with the levels and blocks seen in the names or stated in its config. */
export function vaeTensorNames(found: ReadonlyMap<string, StoredArray>, config: Config): readonly string[] {
  const keys = [...found.keys()];
  const seenLevels = Math.max(countAfter(keys, "encoder.down_blocks."), countAfter(keys, "decoder.up_blocks."));
  const levels = countOf(seenLevels, config?.block_out_channels);
  const down = Array.from({ length: levels }, (_, i) => `encoder.down_blocks.${i}`);
  const up = Array.from({ length: levels }, (_, i) => `decoder.up_blocks.${i}`);
  const seenLayers = Math.max(...down.map((block) => countAfter(keys, `${block}.resnets.`)));
  const layers = countOf(seenLayers, config?.layers_per_block);

  const names = ["quant_conv", "post_quant_conv"].flatMap(weightAndBias);
  for (const side of ["encoder", "decoder"]) {
    names.push(...["conv_in", "conv_norm_out", "conv_out"].flatMap((part) => weightAndBias(`${side}.${part}`)));
    names.push(...residuals(found, `${side}.mid_block`, 2));
    names.push(...attentionLayers.flatMap((part) => weightAndBias(`${side}.mid_block.attentions.0.${part}`)));
  }
  for (let i = 0; i < levels; i++) {
    names.push(...residuals(found, down[i]!, layers), ...residuals(found, up[i]!, layers + 1));
    if (i < levels - 1) names.push(...weightAndBias(`${down[i]}.downsamplers.0.conv`));
    if (i < levels - 1) names.push(...weightAndBias(`${up[i]}.upsamplers.0.conv`));
  }
  return names;
}

function residuals(found: ReadonlyMap<string, StoredArray>, block: string, count: number): string[] {
  return Array.from({ length: count }, (_, j) => residualBlock(found, `${block}.resnets.${j}`, residualLayers)).flat();
}
