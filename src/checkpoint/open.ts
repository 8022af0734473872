import path from "node:path";
import { CoinageError } from "../errors/index.ts";
import { hintOfMissing, kindOfPath } from "../files/index.ts";
import type { Checkpoint, Component, Family, PredictionType } from "./checkpoint.ts";
import { completeComponent, type FoundComponent } from "./component.ts";
import { isFolder, readConfig } from "./component-files.ts";
import { findInFolder, findVaeFolder } from "./diffusers-folder.ts";
import { completeModel, type FoundModel, type ModelSurvey, surveyModel } from "./found-model.ts";
import { findInSingleFile } from "./single-file.ts";
import { vaeFromSingleFile } from "./vae-file.ts";
import { readWeightFile } from "./weight-file.ts";

export interface OpenOptions {
  /** `--v2`, `--sdxl`, `--v1`; detected when left out. */
  readonly family?: Family | undefined;
  /** `--v_parameterization`; detected when left out. */
  readonly predictionType?: PredictionType | undefined;
  /** `--vae`: a VAE file, a VAE folder or another model whose VAE to take. */
  readonly vae?: string | undefined;
  /** The weight files to prefer in a Diffusers folder: "fp16", "bf16", "non_ema". */
  readonly variant?: string | undefined;
  /** Whether the caller can feed a U-Net that takes a mask and a masked picture, too; else such a model is refused. */
  readonly allowInpainting?: boolean | undefined;
}

/** Opens a model: a Diffusers folder, a .safetensors file or a .ckpt. Reads names and places, no weights.
 *  @throws FILE_NOT_FOUND, CHECKPOINT_CONTRADICTED, CHECKPOINT_UNREADABLE, CHECKPOINT_INCOMPLETE, CHECKPOINT_INPAINTING, CHECKPOINT_FOREIGN,
 *  CHECKPOINT_DTYPE, SAFETENSORS_INVALID, TORCH_FILE_INVALID, PICKLE_REFUSED */
export async function openCheckpoint(target: string, options: OpenOptions = {}): Promise<Checkpoint> {
  const found = await findModel(target, options.variant);
  const { vae, variant } = options;
  const find = vae === undefined ? found.find : { ...found.find, vae: () => findVae(vae, variant) };
  return completeModel({ ...found, find }, options);
}

/** What a model shows of itself even when it cannot be opened as a whole.
 *  @throws FILE_NOT_FOUND, CHECKPOINT_FOREIGN, CHECKPOINT_UNREADABLE and what reading its files throws, when it is no model at all */
export async function surveyCheckpoint(target: string): Promise<ModelSurvey> {
  return surveyModel(await findModel(target, undefined));
}

async function findModel(target: string, variant: string | undefined): Promise<FoundModel> {
  const absolute = path.resolve(target);
  const kind = await kindOfPath(absolute);
  if (kind === "nothing") throw notFound(target);
  return kind === "folder" ? findInFolder(absolute, variant) : findInSingleFile(absolute);
}

/** Opens a VAE alone: its folder, a pipeline's folder, or a file under LDM or Diffusers names. */
export function openVae(target: string, variant?: string): Component {
  return completeComponent(findVae(target, variant), { isSdxl: false });
}

function findVae(target: string, variant: string | undefined): FoundComponent {
  const absolute = path.resolve(target);
  if (!isFolder(absolute)) return vaeFromSingleFile(readWeightFile(absolute), absolute);
  const isVaeFolder = readConfig(path.join(absolute, "config.json")) !== undefined;
  return findVaeFolder(isVaeFolder ? absolute : path.join(absolute, "vae"), variant);
}

function notFound(target: string): CoinageError {
  return new CoinageError("FILE_NOT_FOUND", `${path.resolve(target)} does not exist.`, {
    ...hintOfMissing(
      target,
      "Give a .safetensors or .ckpt file, a Diffusers folder, or the name of a model on the Hugging Face hub.",
    ),
  });
}
