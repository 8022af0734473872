import { readdirSync } from "node:fs";
import path from "node:path";
import type { ComponentName } from "./checkpoint.ts";
import { folderNames } from "./diffusers-folder.ts";
import { isFolder } from "./folder-weights.ts";

/** What a file is, by its tensors' names. */
interface FileKind {
  readonly kind: Kind;
  /** For messages: "a LoRA". */
  readonly label: string;
}

type Kind =
  | "model"
  | "refiner"
  | "unet"
  | "vae"
  | "text-encoder"
  | "controlnet"
  | "lora"
  | "embedding"
  | "other-model"
  | "unknown";

const rules: readonly (readonly [Kind, string, (name: string) => boolean])[] = [
  ["lora", "a LoRA", (name) => /^lora_(te|unet)|\.lora_(down|up|A|B)\.|\.(hada_w1_a|lokr_w1)$/.test(name)],
  ["controlnet", "a ControlNet", (name) => /^control_model\.|^controlnet_|^input_hint_block\./.test(name)],
  ["other-model", "a Stable Diffusion 3 or Flux model", (name) => /(^|\.)(joint|double|single)_blocks\./.test(name)],
  [
    "other-model",
    "a Stable Cascade model",
    (name) => /^(down_blocks\.\d+\.\d+\.channelwise|clip_txt_mapper)/.test(name),
  ],
  [
    "refiner",
    "an SDXL refiner",
    (name) => name === "conditioner.embedders.0.model.transformer.resblocks.0.mlp.c_proj.bias",
  ],
  ["model", "a Stable Diffusion model", (name) => /^(cond_stage_model|conditioner)\./.test(name)],
  ["unet", "a U-Net alone", (name) => /^model\.diffusion_model\.|^(down_blocks\.0|time_embedding)\./.test(name)],
  [
    "vae",
    "a VAE alone",
    (name) => /^first_stage_model\.|^(encoder\.down(_blocks)?|decoder\.up(_blocks)?)\.\d/.test(name),
  ],
  [
    "text-encoder",
    "a text encoder alone",
    (name) => /^(text_model\.)?(encoder\.layers|embeddings)\.|^transformer\.resblocks\./.test(name),
  ],
  [
    "embedding",
    "a Textual Inversion embedding",
    (name) => /^(emb_params|emp_params|clip_[lg]|text_encoders_[01]|string_to_param)$/.test(name),
  ],
];

/** Recognizes a file by its tensors' names. One matching name is enough; earlier rules win. */
export function recognizeNames(names: Iterable<string>): FileKind {
  const all = [...names];
  for (const [kind, label, test] of rules) if (all.some(test)) return { kind, label };
  return { kind: "unknown", label: all.length === 0 ? "a file without tensors" : "a file of an unknown kind" };
}

const prefixes: Readonly<Record<ComponentName, RegExp>> = {
  unet: /^(model\.diffusion_model\.|down_blocks\.0\.(resnets|attentions)\.)/,
  vae: /^(first_stage_model\.|(encoder|decoder)\.(down|up|mid|conv_in)[._])/,
  textEncoder: /^(cond_stage_model\.(transformer|model)\.|conditioner\.embedders\.0\.transformer\.|text_model\.)/,
  textEncoder2: /^conditioner\.embedders\.1\.model\./,
};

/** The networks that the names in a file belong to; they may be incomplete. */
export function componentsOfNames(names: Iterable<string>): ComponentName[] {
  const all = [...names];
  return (Object.keys(prefixes) as ComponentName[]).filter((component) =>
    all.some((name) => prefixes[component].test(name)),
  );
}

/** The networks for which a Diffusers folder has a sub-folder with weights. */
export function componentsOfFolder(folder: string): ComponentName[] {
  return (Object.keys(folderNames) as ComponentName[]).filter((component) => {
    const inner = path.join(folder, folderNames[component]);
    return isFolder(inner) && readdirSync(inner).some((name) => /\.(safetensors|bin)$/.test(name));
  });
}
