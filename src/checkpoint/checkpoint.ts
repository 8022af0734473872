import type { StoredArray } from "../array/index.ts";
import type { PredictionType } from "../diffusion/index.ts";

export type Family = "sd1" | "sd2" | "sdxl";
/** The U-Net's input: noisy latents (4 channels), or with them a mask and the latents of the masked image (9 channels). */
export type UNetInputKind = "latents" | "inpainting";
export type ComponentName = "unet" | "vae" | "textEncoder" | "textEncoder2";

/** A decision and its reason, so that it can be shown: a wrong prediction type gives pure noise. */
export interface Decided<Value> {
  readonly value: Value;
  readonly reason: string;
}

/** One network of a model: where its tensors are. */
export interface Component {
  /** Tensors by Diffusers/Transformers name; exactly the tensors the network needs. */
  readonly tensors: ReadonlyMap<string, StoredArray>;
  /** config.json of a Diffusers folder; a single file has none. */
  readonly config: Readonly<Record<string, unknown>> | undefined;
  /** How the file spells the names. OpenAI's text encoders (`transformers`) use QuickGELU, OpenCLIP's GELU, unless the config says otherwise. */
  readonly spelling: Spelling;
  /** Names whose matrix is stored transposed: `text_projection.weight` of a single SDXL file holds P of `h P` where the module has W of `h W^T`.
   *  differs from sd-scripts: the `text_projection` of a single SDXL file is used without transposing it, so the pooled text is slightly off.
   *  coinage: the `text_projection` of a single SDXL file is transposed.
   *  because: the file holds the matrix for multiplication from the other side. */
  readonly storedTransposed: ReadonlySet<string>;
}

export type Spelling = "diffusers" | "ldm" | "transformers" | "openclip";

/** A Stable Diffusion model on disk. No weight has been read. */
export interface Checkpoint {
  /** Absolute path of the file or folder. */
  readonly path: string;
  readonly layout: "diffusers" | "single-file";
  readonly family: Decided<Family>;
  readonly predictionType: Decided<PredictionType>;
  readonly inputs: UNetInputKind;
  /** The noise schedule ends at zero signal-to-noise ratio, as the file itself says. */
  readonly hasZeroTerminalSnr: boolean;
  readonly unet: Component;
  readonly vae: Component;
  readonly textEncoder: Component;
  /** SDXL only. */
  readonly textEncoder2: Component | undefined;
  readonly schedulerConfig: Readonly<Record<string, unknown>> | undefined;
  /** `__metadata__` of a single .safetensors file. */
  readonly metadata: Readonly<Record<string, string>>;
  /** What looks wrong but does not prevent use: a user's setting that contradicts the file. */
  readonly warnings: readonly string[];
}

export interface OpenOptions {
  /** `--v2`, `--sdxl`, `--v1`; detected if omitted. */
  readonly family?: Family | undefined;
  /** `--v_parameterization`; detected if omitted. */
  readonly predictionType?: PredictionType | undefined;
  /** `--vae`: a VAE file, a VAE folder or another model whose VAE to take. */
  readonly vae?: string | undefined;
  /** Weight files to prefer in a Diffusers folder: "fp16", "bf16", "non_ema". */
  readonly variant?: string | undefined;
  /** Whether to accept a U-Net that also takes a mask and a masked image; otherwise such a model is refused. */
  readonly allowInpainting?: boolean | undefined;
}
