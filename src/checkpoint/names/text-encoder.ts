import type { StoredArray } from "../../array/index.ts";
import { rowsOf } from "../stored.ts";
import { type Config, countAfter, countOf, weightAndBias } from "./parts.ts";

const openClipLayerParts: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ln_1: "layer_norm1",
    ln_2: "layer_norm2",
    "attn.out_proj": "self_attn.out_proj",
    "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
  }),
);

const openClipOuterNames: ReadonlyMap<string, string> = new Map(
  Object.entries({
    "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
    positional_embedding: "text_model.embeddings.position_embedding.weight",
    "ln_final.weight": "text_model.final_layer_norm.weight",
    "ln_final.bias": "text_model.final_layer_norm.bias",
    text_projection: "text_projection.weight",
    "text_projection.weight": "text_projection.weight",
  }),
);

const resblock = /^transformer\.resblocks\.(\d+)\.(.+)$/;

/** Today's Transformers name of a text encoder's tensor: old releases omitted `text_model.` */
export function modernTextEncoderName(name: string): string {
  return /^(embeddings|encoder|final_layer_norm)\./.test(name) ? `text_model.${name}` : name;
}

/** Text encoder tensors under Transformers names, from OpenCLIP's (both without prefix); the stacked q, k, v become three views.
 *  blocks: most blocks to take. Source: Diffusers, loaders/single_file_utils.py, `convert_open_clip_checkpoint`. */
export function textEncoderFromOpenClip(
  tensors: ReadonlyMap<string, StoredArray>,
  blocks = Number.POSITIVE_INFINITY,
): Map<string, StoredArray> {
  const renamed = new Map<string, StoredArray>();
  for (const [name, stored] of tensors) {
    const outer = openClipOuterNames.get(name);
    if (outer) renamed.set(outer, stored);
    const block = resblock.exec(name);
    if (!block || Number(block[1]) >= blocks) continue;
    const layer = `text_model.encoder.layers.${block[1]}`;
    const stacked = /^attn\.in_proj_(weight|bias)$/.exec(block[2]!);
    if (stacked) {
      const rows = (stored.shape[0] ?? 0) / 3;
      ["q", "k", "v"].forEach((part, k) => {
        renamed.set(`${layer}.self_attn.${part}_proj.${stacked[1]}`, rowsOf(stored, k * rows, rows));
      });
      continue;
    }
    const [, stem, kind] = /^(.+)\.(weight|bias)$/.exec(block[2]!) ?? [];
    const part = stem === undefined ? undefined : openClipLayerParts.get(stem);
    if (part) renamed.set(`${layer}.${part}.${kind}`, stored);
  }
  return renamed;
}

const encoderLayers = [
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

/** Every tensor a text encoder needs. Its depth is the one in its config, else the known one for its width, else the one seen in the names. */
export function textEncoderTensorNames(
  found: ReadonlyMap<string, StoredArray>,
  config: Config,
  needsProjection: boolean,
): readonly string[] {
  const seen = countAfter(found.keys(), "text_model.encoder.layers.");
  const width = found.get("text_model.embeddings.token_embedding.weight")?.shape[1] ?? 0;
  const stated = config ? config.num_hidden_layers : layersOfWidth[width];
  // Transformers ignores layers beyond those in the config.
  const layers = typeof stated === "number" && stated >= 1 && stated < seen ? stated : countOf(seen, stated);
  const names = [
    "text_model.embeddings.token_embedding.weight",
    "text_model.embeddings.position_embedding.weight",
    ...weightAndBias("text_model.final_layer_norm"),
  ];
  for (let layer = 0; layer < layers; layer++)
    for (const part of encoderLayers) names.push(...weightAndBias(`text_model.encoder.layers.${layer}.${part}`));
  if (needsProjection) names.push("text_projection.weight");
  return names;
}
