import type { StoredArray } from "../../array/index.ts";
import { countAfter } from "../names/indices.ts";
import { type Config, countOf, residualBlock, weightAndBias } from "./parts.ts";

const residualParts = ["norm1", "conv1", "norm2", "conv2"];
const attentionParts = ["group_norm", "to_q", "to_k", "to_v", "to_out.0"];

/** Every tensor an autoencoder of the levels and blocks seen in the names, or stated in its config, needs. */
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
    names.push(...attentionParts.flatMap((part) => weightAndBias(`${side}.mid_block.attentions.0.${part}`)));
  }
  for (let i = 0; i < levels; i++) {
    names.push(...residuals(found, down[i]!, layers), ...residuals(found, up[i]!, layers + 1));
    if (i < levels - 1) names.push(...weightAndBias(`${down[i]}.downsamplers.0.conv`));
    if (i < levels - 1) names.push(...weightAndBias(`${up[i]}.upsamplers.0.conv`));
  }
  return names;
}

function residuals(found: ReadonlyMap<string, StoredArray>, block: string, count: number): string[] {
  return Array.from({ length: count }, (_, j) => residualBlock(found, `${block}.resnets.${j}`, residualParts)).flat();
}
