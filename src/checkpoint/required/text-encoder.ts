import type { StoredArray } from "../../array/index.ts";
import { countAfter } from "../names/indices.ts";
import { weightAndBias } from "./parts.ts";

const layerParts = [
  "self_attn.q_proj",
  "self_attn.k_proj",
  "self_attn.v_proj",
  "self_attn.out_proj",
  "layer_norm1",
  "mlp.fc1",
  "mlp.fc2",
  "layer_norm2",
];

/** Every tensor a text encoder of the depth seen in the names needs. */
export function textEncoderTensorNames(
  found: ReadonlyMap<string, StoredArray>,
  needsProjection: boolean,
): readonly string[] {
  const layers = Math.max(1, countAfter(found.keys(), "text_model.encoder.layers."));
  const names = [
    "text_model.embeddings.token_embedding.weight",
    "text_model.embeddings.position_embedding.weight",
    ...weightAndBias("text_model.final_layer_norm"),
  ];
  for (let layer = 0; layer < layers; layer++)
    for (const part of layerParts) names.push(...weightAndBias(`text_model.encoder.layers.${layer}.${part}`));
  if (needsProjection) names.push("text_projection.weight");
  return names;
}
