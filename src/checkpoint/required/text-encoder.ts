import type { StoredArray } from "../../array/index.ts";
import { countAfter } from "../names/indices.ts";
import { type Config, countOf, weightAndBias } from "./parts.ts";

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

/** Layers of the text encoders of Stable Diffusion 1, 2 and XL, by width. */
const layersOfWidth: Readonly<Record<number, number>> = { 768: 12, 1024: 23, 1280: 32 };

/** Every tensor a text encoder needs. Its depth is the one its config states, else the known one of its width, else as seen in the names. */
export function textEncoderTensorNames(
  found: ReadonlyMap<string, StoredArray>,
  config: Config,
  needsProjection: boolean,
): readonly string[] {
  const seen = countAfter(found.keys(), "text_model.encoder.layers.");
  const width = found.get("text_model.embeddings.token_embedding.weight")?.shape[1] ?? 0;
  const stated = config ? config.num_hidden_layers : layersOfWidth[width];
  // Transformers leaves out layers beyond those that the config states.
  const layers = typeof stated === "number" && stated >= 1 && stated < seen ? stated : countOf(seen, stated);
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
