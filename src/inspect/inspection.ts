import type { ComponentName, Decided, Family, UNetInputKind } from "../checkpoint/index.ts";
import type { PredictionType } from "../diffusion/index.ts";
import type { EmbeddingFile } from "../embedding/index.ts";
import { CoinageError } from "../errors/index.ts";

/** What a file or folder is, as plain data for text and JSON. */
export type Inspection =
  | ModelInspection
  | EmbeddingInspection
  | WeightsInspection
  | TrainingStateInspection
  | ArraysInspection
  | PictureInspection
  | UnknownInspection;

export interface About {
  /** Absolute path. */
  readonly path: string;
  /** Size of the file; for a folder, of its weights. */
  readonly bytes: number;
  /** Why it cannot be used: the errors of trying. */
  readonly problems: readonly Problem[];
}

export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
}

/** Tensors and elements of each dtype. */
export type DTypeCounts = Readonly<Record<string, { readonly tensors: number; readonly elements: number }>>;

export interface ModelInspection extends About {
  readonly kind: "model";
  readonly layout: "diffusers" | "single-file";
  readonly container: string;
  /** Undefined if it cannot be opened. */
  readonly family: Decided<Family> | undefined;
  readonly predictionType: Decided<PredictionType> | undefined;
  readonly inputs: UNetInputKind | undefined;
  /** The components; undefined if the model lacks one. */
  readonly pieces: Readonly<Record<ComponentName, ComponentInspection | undefined>>;
  /** What the model lacks: files of a folder, networks of a single file. */
  readonly missing: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
}

export interface ComponentInspection {
  readonly isComplete: boolean;
  /** For the tensors that the network needs; empty if it is incomplete. */
  readonly dtypes: DTypeCounts;
  readonly parameters: number;
}

export interface EmbeddingInspection extends About, Omit<EmbeddingFile, "tables"> {
  readonly kind: "embedding";
  /** By the widths, for half of a pair by its name; undefined if no family fits. */
  readonly family: Family | undefined;
  readonly vectors: number;
  readonly tables: readonly TableInspection[];
}

export interface TableInspection {
  readonly role: string;
  readonly dtype: string;
  readonly width: number;
  /** Euclidean length of each vector. */
  readonly norms: readonly number[];
}

/** What a training program needs to resume a run. */
export interface TrainingStateInspection extends About {
  readonly kind: "training-state";
  readonly program: "coinage" | "sd-scripts";
  /** Optimizer steps done, and of the whole run; undefined if the state does not say. */
  readonly step: number | undefined;
  readonly steps: number | undefined;
  readonly epochsDone: number | undefined;
  /** The learned vectors, one table per text encoder. */
  readonly tables: readonly TableInspection[];
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
}

/** An .npz file: the latents of an image, or any NumPy arrays. */
export interface ArraysInspection extends About {
  readonly kind: "arrays";
  /** "a latent cache", "NumPy arrays". */
  readonly label: string;
  readonly arrays: readonly ArrayInspection[];
  /** Size in pixels of the image behind the latents, [width, height], and its crop. */
  readonly originalSize: readonly number[] | undefined;
  readonly cropBox: readonly number[] | undefined;
}

export interface ArrayInspection {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** A LoRA, a VAE, any other file of tensors. */
export interface WeightsInspection extends About {
  readonly kind: "weights";
  readonly label: string;
  readonly container: string;
  readonly tensors: number;
  readonly dtypes: DTypeCounts;
  readonly firstNames: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
}

export interface PictureInspection extends About {
  readonly kind: "picture";
  readonly texts: readonly { readonly keyword: string; readonly text: string }[];
}

export interface UnknownInspection extends About {
  readonly kind: "unknown";
}

/** An error as data. Errors without a code are bugs and rethrown. */
export function problemOf(error: unknown): Problem {
  if (!(error instanceof CoinageError)) throw error;
  return { code: error.code, message: error.message, hint: error.hint };
}
