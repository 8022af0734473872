import path from "node:path";
import { CoinageError } from "../errors/index.ts";
import type { ComponentName } from "./checkpoint.ts";
import { componentLabels, type FoundComponent } from "./component.ts";
import {
  type BaseNames,
  isFolder,
  networkBase,
  readConfig,
  readFolderWeights,
  textEncoderBase,
} from "./component-files.ts";
import type { FoundModel } from "./found-model.ts";
import { refuseUnsupportedConfig } from "./supported.ts";

/** The networks in a Diffusers folder. Source: checkpoints.md section 4.
 *  @throws CHECKPOINT_FOREIGN, CHECKPOINT_INCOMPLETE, CHECKPOINT_UNREADABLE and what readWeightFile throws. */
export function findInFolder(folder: string, variant: string | undefined): FoundModel {
  const pipeline = readConfig(path.join(folder, "model_index.json"));
  if (!pipeline && !isFolder(path.join(folder, folderNames.unet)))
    throw new CoinageError("CHECKPOINT_UNREADABLE", `${folder} is no Diffusers model: it has no model_index.json.`, {
      hint: "Give the folder that holds unet, vae and text_encoder, or a single .safetensors or .ckpt file.",
    });
  refuseOtherPipelines(pipeline?._class_name, folder);
  const unet = findComponent("unet", folder, variant);
  refuseUnsupportedConfig("unet", unet.config, unet.where);
  const textEncoder = findComponent("textEncoder", folder, variant);
  const hasSecond = isFolder(path.join(folder, folderNames.textEncoder2));
  const schedulerConfig = readConfig(path.join(folder, "scheduler", "scheduler_config.json"));
  return {
    path: folder,
    layout: "diffusers",
    unet,
    vae: () => findVaeFolder(path.join(folder, folderNames.vae), variant),
    textEncoder,
    textEncoder2: hasSecond ? findComponent("textEncoder2", folder, variant) : undefined,
    evidence: {
      hasTwoTextEncoders: hasSecond || isSdxlPipeline(pipeline?._class_name),
      hasOpenClipNames: undefined,
      textEncoderConfig: textEncoder.config,
      contextWidth: shapeOf(unet, "attn2.to_k.weight")?.[1],
      projectionRank: shapeOf(unet, ".proj_in.weight")?.length,
    },
    projectionRank: () => undefined,
    names: unet.tensors,
    globalStep: undefined,
    hasZeroTerminalSnr: schedulerConfig?.rescale_betas_zero_snr === true,
    schedulerConfig,
    metadata: {},
  };
}

export function isSdxlPipeline(className: unknown): boolean {
  return String(className).startsWith("StableDiffusionXL");
}

/** The shape of the first tensor whose name ends so. */
function shapeOf({ tensors }: FoundComponent, ending: string): readonly number[] | undefined {
  for (const [name, { shape }] of tensors) if (name.endsWith(ending)) return shape;
  return undefined;
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

function findComponent(name: ComponentName, folder: string, variant: string | undefined): FoundComponent {
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
