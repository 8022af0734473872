import path from "node:path";
import { CoinageError } from "../errors/index.ts";
import type { ComponentName } from "./checkpoint.ts";
import { type FoundComponent, type FoundModel, missingComponent } from "./component.ts";
import { isFolder, networkBase, readConfig, readFolderWeights, textEncoderBase } from "./folder-weights.ts";

/** The networks in a Diffusers folder. Source: Diffusers, pipelines/pipeline_utils.py, `DiffusionPipeline.from_pretrained`.
 *  @throws CHECKPOINT_FOREIGN, CHECKPOINT_INCOMPLETE, CHECKPOINT_UNREADABLE and the errors of readWeightFile */
export function findInFolder(folder: string, variant: string | undefined): FoundModel {
  const pipeline = readConfig(path.join(folder, "model_index.json"));
  if (!pipeline && !isFolder(path.join(folder, folderNames.unet)))
    throw new CoinageError("CHECKPOINT_UNREADABLE", `${folder} is not a Diffusers model: it has no model_index.json.`, {
      hint: "Give the folder that holds unet, vae and text_encoder, or a single .safetensors or .ckpt file.",
    });
  refuseOtherPipelines(pipeline?._class_name, folder);
  const find = (name: ComponentName) => () =>
    findComponent(name, path.join(folder, folderNames[name]), folder, variant);
  const schedulerConfig = readConfig(path.join(folder, "scheduler", "scheduler_config.json"));
  return {
    path: folder,
    layout: "diffusers",
    find: {
      unet: find("unet"),
      vae: find("vae"),
      textEncoder: find("textEncoder"),
      textEncoder2: find("textEncoder2"),
    },
    hasTwoTextEncoders: isFolder(path.join(folder, folderNames.textEncoder2)) || isSdxlPipeline(pipeline?._class_name),
    projectionRank: () => undefined,
    names: new Set(),
    globalStep: undefined,
    hasZeroTerminalSnr: schedulerConfig?.rescale_betas_zero_snr === true,
    schedulerConfig,
    metadata: {},
  };
}

export function isSdxlPipeline(className: unknown): boolean {
  return typeof className === "string" && className.startsWith("StableDiffusionXL");
}

export const folderNames: Readonly<Record<ComponentName, string>> = {
  unet: "unet",
  vae: "vae",
  textEncoder: "text_encoder",
  textEncoder2: "text_encoder_2",
};

/** The VAE in a folder of its own. @throws CHECKPOINT_INCOMPLETE, CHECKPOINT_FOREIGN, CHECKPOINT_UNREADABLE */
export function findVaeFolder(folder: string, variant: string | undefined): FoundComponent {
  return findComponent("vae", folder, folder, variant);
}

function findComponent(
  name: ComponentName,
  folder: string,
  modelFolder: string,
  variant: string | undefined,
): FoundComponent {
  if (!isFolder(folder))
    throw missingComponent(name, modelFolder, `: the folder "${path.basename(folder)}" is missing`);
  const isNetwork = name === "unet" || name === "vae";
  const { tensors, unusable } = readFolderWeights(folder, isNetwork ? networkBase : textEncoderBase, variant);
  const config = readConfig(path.join(folder, "config.json"));
  if (isNetwork) refuseUnsupportedConfig(name, config, folder);
  return { name, where: folder, tensors, unusable, config, spelling: isNetwork ? "diffusers" : "transformers" };
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

type Config = Readonly<Record<string, unknown>> | undefined;

/** Config fields that must be absent, null or false because they change the network. Source: Diffusers, models/unets/unet_2d_condition.py and models/autoencoders/autoencoder_kl.py. */
const unsupportedUnetFields = [
  "class_embed_type",
  "num_class_embeds",
  "time_cond_proj_dim",
  "encoder_hid_dim",
  "encoder_hid_dim_type",
  "dual_cross_attention",
  "only_cross_attention",
  "mid_block_only_cross_attention",
  "time_embedding_act_fn",
  "timestep_post_act",
  "cross_attention_norm",
  "center_input_sample",
  "resnet_skip_time_act",
];
const unsupportedVaeFields = ["shift_factor", "latents_mean", "latents_std"];
const neededVaeFields = ["use_quant_conv", "use_post_quant_conv", "mid_block_add_attention"];

/** @throws CHECKPOINT_FOREIGN for a network with parts that are not supported. */
function refuseUnsupportedConfig(component: "unet" | "vae", config: Config, where: string): void {
  const fields = component === "unet" ? unsupportedUnetFields : unsupportedVaeFields;
  const set = fields.find(
    (field) => config?.[field] !== undefined && config[field] !== null && config[field] !== false,
  );
  if (set) throw foreign(`The config of ${where} sets "${set}" to ${JSON.stringify(config?.[set])}.`);
  const unset = component === "vae" ? neededVaeFields.find((field) => config?.[field] === false) : undefined;
  if (unset) throw foreign(`The config of ${where} sets "${unset}" to false.`);
}

function foreign(message: string): CoinageError {
  return new CoinageError("CHECKPOINT_FOREIGN", message, {
    hint: "Only ordinary Stable Diffusion 1, 2 and XL base models are supported.",
  });
}
