import type { StoredArray } from "../array/index.ts";
import { CoinageError } from "../errors/index.ts";
import type { ComponentName } from "./checkpoint.ts";
import { type FoundComponent, type FoundModel, missingComponent } from "./component.ts";
import { textEncoderFromOpenClip } from "./names/text-encoder.ts";
import { unetNamesFromLdm } from "./names/unet.ts";
import { vaeNamesFromLdm } from "./names/vae.ts";
import { recognizeNames } from "./recognize.ts";
import { readWeightFile, type WeightFile } from "./weight-file.ts";

const unetPrefix = "model.diffusion_model.";
const vaePrefix = "first_stage_model.";
const openAiPrefix = "cond_stage_model.transformer.";
const openClipPrefix = "cond_stage_model.model.";
const sdxlPrefixes = {
  textEncoder: "conditioner.embedders.0.transformer.",
  textEncoder2: "conditioner.embedders.1.model.",
};

/** The networks in a single-file model (LDM names, .safetensors or .ckpt). Source: Diffusers, loaders/single_file_utils.py.
 *  @throws CHECKPOINT_FOREIGN, CHECKPOINT_INCOMPLETE and the errors of readWeightFile */
export function findInSingleFile(path: string): FoundModel {
  const file = readWeightFile(path);
  refuseForeign(file, path);
  return {
    path,
    layout: "single-file",
    find: {
      unet: () => findUnet(file, path),
      vae: () => vaeFromSingleFile(file, path),
      textEncoder: () => findTextEncoder(file, path),
      textEncoder2: () => findSecondTextEncoder(file, path),
    },
    hasTwoTextEncoders: hasPrefix(file, sdxlPrefixes.textEncoder2),
    projectionRank: (family) => (family === "sd1" ? 4 : 2),
    names: file.tensors,
    globalStep: file.globalStep,
    hasZeroTerminalSnr: file.tensors.has("ztsnr"),
    schedulerConfig: undefined,
    metadata: file.metadata,
  };
}

function refuseForeign(file: WeightFile, path: string): void {
  const names = [...file.tensors.keys(), ...file.unusable.keys()];
  const { kind, label } = recognizeNames(names);
  const isPart = kind === "unet" || kind === "vae" || kind === "text-encoder";
  if (kind === "model" && !names.some((name) => name === "edm_mean" || name === "edm_vpred.sigma_max")) return;
  if (isPart)
    throw new CoinageError("CHECKPOINT_INCOMPLETE", `${path} is ${label}, without the other networks of a model.`, {
      hint: "Give a whole model. A VAE alone can replace a model's VAE with --vae.",
    });
  const what = kind === "model" ? "a model trained with EDM noise levels" : label;
  throw new CoinageError("CHECKPOINT_FOREIGN", `${path} is ${what}, not a Stable Diffusion 1, 2 or XL base model.`, {
    hint: "Give a base model: a .safetensors or .ckpt file, or a Diffusers folder.",
  });
}

function hasPrefix({ tensors, unusable }: WeightFile, prefix: string): boolean {
  return [...tensors.keys(), ...unusable.keys()].some((name) => name.startsWith(prefix));
}

/** The tensors under a prefix, which is removed. */
function under<Value>(entries: ReadonlyMap<string, Value>, prefix: string): Map<string, Value> {
  const inside = new Map<string, Value>();
  for (const [name, value] of entries) if (name.startsWith(prefix)) inside.set(name.slice(prefix.length), value);
  return inside;
}

function findUnet(file: WeightFile, path: string): FoundComponent {
  const ldm = under(file.tensors, unetPrefix);
  const renamed = unetNamesFromLdm([...ldm.keys()]);
  const tensors = new Map([...renamed].map(([name, diffusers]) => [diffusers, ldm.get(name)!]));
  const unknown = [...ldm.keys()].filter((name) => !renamed.has(name));
  return { ...component("unet", path, tensors, under(file.unusable, unetPrefix), "ldm"), unknown };
}

function findTextEncoder(file: WeightFile, path: string): FoundComponent {
  if (!hasPrefix(file, openClipPrefix)) {
    const prefix = hasPrefix(file, sdxlPrefixes.textEncoder2) ? sdxlPrefixes.textEncoder : openAiPrefix;
    return component("textEncoder", path, under(file.tensors, prefix), under(file.unusable, prefix), "transformers");
  }
  const openClip = under(file.tensors, openClipPrefix);
  // SD2 was trained on the output of the penultimate one of 24 blocks. Programs that write only the blocks it uses leave out the last.
  const tensors = textEncoderFromOpenClip(openClip, 23);
  const unknown = [...openClip.keys()].filter(
    (name) => Number(/^transformer\.resblocks\.(\d+)\./.exec(name)?.[1]) > 23,
  );
  return { ...component("textEncoder", path, tensors, under(file.unusable, openClipPrefix), "openclip"), unknown };
}

function findSecondTextEncoder(file: WeightFile, path: string): FoundComponent {
  const prefix = sdxlPrefixes.textEncoder2;
  const openClip = under(file.tensors, prefix);
  const tensors = textEncoderFromOpenClip(openClip);
  const storedTransposed = openClip.has("text_projection.weight") ? [] : ["text_projection.weight"];
  return { ...component("textEncoder2", path, tensors, under(file.unusable, prefix), "openclip"), storedTransposed };
}

function component(
  name: ComponentName,
  where: string,
  tensors: ReadonlyMap<string, StoredArray>,
  unusable: ReadonlyMap<string, string>,
  spelling: FoundComponent["spelling"],
): FoundComponent {
  if (tensors.size === 0 && unusable.size === 0) throw missingComponent(name, where);
  return { name, where, tensors, unusable, config: undefined, spelling };
}

/** The VAE in a weight file: a whole model's, or a VAE alone under LDM or Diffusers names. Source: Diffusers, loaders/single_file_utils.py, `convert_ldm_vae_checkpoint`.
 *  @throws CHECKPOINT_INCOMPLETE if there is none. */
export function vaeFromSingleFile(file: WeightFile, where: string): FoundComponent {
  const isWhole = hasPrefix(file, vaePrefix);
  const inside = isWhole ? under(file.tensors, vaePrefix) : file.tensors;
  const isDiffusers = [...inside.keys()].some((name) => name.startsWith("encoder.down_blocks."));
  const renamed = isDiffusers ? undefined : vaeNamesFromLdm([...inside.keys()]);
  const tensors = renamed ? new Map([...renamed].map(([name, diffusers]) => [diffusers, inside.get(name)!])) : inside;
  const unknown = renamed ? [...inside.keys()].filter((name) => !renamed.has(name)) : [];
  const unusable = isWhole ? under(file.unusable, vaePrefix) : file.unusable;
  if (tensors.size === 0 && unusable.size === 0) throw missingComponent("vae", where);
  const spelling = isDiffusers ? "diffusers" : "ldm";
  return { name: "vae", where, tensors, unusable, unknown, config: undefined, spelling };
}
