import path from "node:path";
import { CoinageError } from "../errors/index.ts";
import type { Checkpoint, ComponentName } from "./checkpoint.ts";
import { completeComponent, componentLabels, type FoundComponent } from "./component.ts";
import {
  type BaseNames,
  isFolder,
  networkBase,
  readConfig,
  readFolderWeights,
  textEncoderBase,
} from "./component-files.ts";
import { decideFamily, decidePredictionType } from "./family.ts";
import type { OpenOptions } from "./open.ts";
import { refuseOtherInputs, refuseUnsupportedConfig } from "./supported.ts";

/** Opens a Diffusers folder. Source: checkpoints.md sections 4 and 5.
 *  @throws CHECKPOINT_FOREIGN, CHECKPOINT_INCOMPLETE, CHECKPOINT_DTYPE, CHECKPOINT_UNREADABLE and what the weight files throw. */
export function openDiffusersFolder(folder: string, options: OpenOptions): Checkpoint {
  const pipeline = readConfig(path.join(folder, "model_index.json"));
  if (!pipeline && !isFolder(path.join(folder, "unet")))
    throw new CoinageError("CHECKPOINT_UNREADABLE", `${folder} is no Diffusers model: it has no model_index.json.`, {
      hint: "Give the folder that holds unet, vae and text_encoder, or a single .safetensors or .ckpt file.",
    });
  refuseOtherPipelines(pipeline?._class_name, folder);
  const warnings: string[] = [];
  const warn = (text: string) => warnings.push(text);

  const unet = findComponent("unet", folder, options);
  const textEncoder = findComponent("textEncoder", folder, options);
  const hasSecond = isFolder(path.join(folder, folderNames.textEncoder2));
  const textEncoder2 = hasSecond ? findComponent("textEncoder2", folder, options) : undefined;
  const vae = findVaeFolder(path.join(folder, folderNames.vae), options.variant);
  refuseUnsupportedConfig("unet", unet.config, unet.where);
  refuseOtherInputs(unet.tensors, unet.where);

  const [, toKeys] = [...unet.tensors].find(([name]) => name.endsWith("attn2.to_k.weight")) ?? [];
  const [, projection] = [...unet.tensors].find(([name]) => name.endsWith(".proj_in.weight")) ?? [];
  const family = decideFamily(
    {
      hasTwoTextEncoders: hasSecond || String(pipeline?._class_name).startsWith("StableDiffusionXL"),
      hasOpenClipNames: undefined,
      textEncoderConfig: textEncoder.config,
      contextWidth: toKeys?.shape[1],
      projectionRank: projection?.shape.length,
    },
    options.family,
    warn,
  );
  const needs = { isSdxl: family.value === "sdxl" };
  if (needs.isSdxl && !textEncoder2) throw missingFolder("textEncoder2", folder);
  const completeUnet = completeComponent(unet, needs);
  const schedulerConfig = readConfig(path.join(folder, "scheduler", "scheduler_config.json"));
  return {
    path: folder,
    layout: "diffusers",
    family,
    predictionType: decidePredictionType(
      {
        family: family.value,
        schedulerConfig,
        metadata: {},
        names: unet.tensors,
        globalStep: undefined,
        unet: completeUnet.tensors,
      },
      options.predictionType,
      warn,
    ),
    hasZeroTerminalSnr: schedulerConfig?.rescale_betas_zero_snr === true,
    unet: completeUnet,
    vae: completeComponent(vae, needs),
    textEncoder: completeComponent(textEncoder, needs),
    textEncoder2: textEncoder2 && completeComponent(textEncoder2, needs),
    schedulerConfig,
    metadata: {},
    warnings,
  };
}

export const folderNames: Readonly<Record<ComponentName, string>> = {
  unet: "unet",
  vae: "vae",
  textEncoder: "text_encoder",
  textEncoder2: "text_encoder_2",
};

/** The VAE in a folder of its own. */
export function findVaeFolder(folder: string, variant: string | undefined): FoundComponent {
  const found = readComponent("vae", folder, networkBase, variant);
  refuseUnsupportedConfig("vae", found.config, folder);
  return found;
}

function findComponent(name: ComponentName, folder: string, { variant }: OpenOptions): FoundComponent {
  const inner = path.join(folder, folderNames[name]);
  if (!isFolder(inner)) throw missingFolder(name, folder);
  return readComponent(name, inner, name === "unet" ? networkBase : textEncoderBase, variant);
}

function readComponent(
  name: ComponentName,
  folder: string,
  base: BaseNames,
  variant: string | undefined,
): FoundComponent {
  const { tensors, unusable } = readFolderWeights(folder, base, variant);
  const spelling = base === textEncoderBase ? "transformers" : "diffusers";
  return { name, where: folder, tensors, unusable, config: readConfig(path.join(folder, "config.json")), spelling };
}

function refuseOtherPipelines(className: unknown, folder: string): void {
  if (typeof className !== "string" || /^StableDiffusion(XL)?(Img2Img|Inpaint|ControlNet)?Pipeline/.test(className))
    return;
  if (className.startsWith("LatentConsistency")) return;
  throw new CoinageError(
    "CHECKPOINT_FOREIGN",
    `${folder} is a ${className}, not a Stable Diffusion 1, 2 or XL model.`,
    {
      hint: "Only ordinary Stable Diffusion 1, 2 and XL base models are supported.",
    },
  );
}

function missingFolder(name: ComponentName, folder: string): CoinageError {
  return new CoinageError(
    "CHECKPOINT_INCOMPLETE",
    `${folder} has no ${componentLabels[name]}: the folder "${folderNames[name]}" is missing.`,
    { hint: "The model was not downloaded completely." },
  );
}
