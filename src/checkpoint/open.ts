import path from "node:path";
import { CoinageError } from "../errors/index.ts";
import { kindOfPath } from "../files/index.ts";
import type { Checkpoint, Component, Family, PredictionType } from "./checkpoint.ts";
import { completeComponent } from "./component.ts";
import { isFolder, readConfig } from "./component-files.ts";
import { findVaeFolder, openDiffusersFolder } from "./diffusers-folder.ts";
import { openSingleFile } from "./single-file.ts";
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
}

/** Opens a model: a Diffusers folder, a .safetensors file or a .ckpt. Reads names and places, no weights.
 *  @throws FILE_NOT_FOUND, CHECKPOINT_UNREADABLE, CHECKPOINT_INCOMPLETE, CHECKPOINT_FOREIGN, CHECKPOINT_DTYPE, SAFETENSORS_INVALID, TORCH_FILE_INVALID, PICKLE_REFUSED */
export async function openCheckpoint(target: string, options: OpenOptions = {}): Promise<Checkpoint> {
  const absolute = path.resolve(target);
  const kind = await kindOfPath(absolute);
  if (kind === "nothing") throw notFound(target);
  const checkpoint = kind === "folder" ? openDiffusersFolder(absolute, options) : openSingleFile(absolute, options);
  return options.vae === undefined ? checkpoint : { ...checkpoint, vae: openVae(options.vae, options.variant) };
}

/** Opens a VAE alone: its folder, a pipeline's folder, or a file under LDM or Diffusers names. */
export function openVae(target: string, variant?: string): Component {
  const absolute = path.resolve(target);
  if (!isFolder(absolute)) return completeVae(vaeFromSingleFile(readWeightFile(absolute), absolute));
  const isVaeFolder = readConfig(path.join(absolute, "config.json")) !== undefined;
  return completeVae(findVaeFolder(isVaeFolder ? absolute : path.join(absolute, "vae"), variant));
}

function completeVae(found: Parameters<typeof completeComponent>[0]): Component {
  return completeComponent(found, { isSdxl: false });
}

function notFound(target: string): CoinageError {
  const looksLikeHubId = /^[\w.-]+\/[\w.-]+$/.test(target);
  return new CoinageError("FILE_NOT_FOUND", `${path.resolve(target)} does not exist.`, {
    hint: looksLikeHubId
      ? "Models of the Hugging Face hub are not fetched by name: download it and give the folder."
      : "Give a .safetensors or .ckpt file, or a Diffusers folder.",
  });
}
