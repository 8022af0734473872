import type { ComponentName, Decided, Family, PredictionType } from "../checkpoint/index.ts";

/** What a file or folder is, as plain data for print and JSON. */
export type Inspection =
  | ModelInspection
  | EmbeddingInspection
  | WeightsInspection
  | PictureInspection
  | UnknownInspection;

interface About {
  /** Absolute path. */
  readonly path: string;
  /** Size of the file; of a folder, of the weights in it. */
  readonly bytes: number;
  /** What hinders its use, as an attempt to use it says. */
  readonly problems: readonly Problem[];
}

export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
}

/** How many tensors and numbers there are of each kind of number. */
export type DTypeCounts = Readonly<Record<string, { readonly tensors: number; readonly elements: number }>>;

export interface ModelInspection extends About {
  readonly kind: "model";
  readonly layout: "diffusers" | "single-file";
  readonly container: string;
  /** undefined when it cannot be opened. */
  readonly family: Decided<Family> | undefined;
  readonly predictionType: Decided<PredictionType> | undefined;
  readonly pieces: Readonly<Record<ComponentName, PieceInspection | undefined>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
}

export interface PieceInspection {
  readonly isComplete: boolean;
  /** Of the tensors the network needs; empty for an incomplete one. */
  readonly dtypes: DTypeCounts;
  readonly parameters: number;
}

export interface EmbeddingInspection extends About {
  readonly kind: "embedding";
  /** The word: the file's name. */
  readonly name: string;
  readonly layout: string | undefined;
  readonly container: string | undefined;
  /** By the widths; undefined when they fit none. */
  readonly family: Family | undefined;
  readonly vectors: number;
  readonly tables: readonly TableInspection[];
  readonly token: string | undefined;
  readonly step: number | undefined;
  readonly sdCheckpoint: string | undefined;
  readonly sdCheckpointName: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
}

export interface TableInspection {
  readonly role: string;
  readonly dtype: string;
  readonly width: number;
  /** Euclidean length of each vector. */
  readonly norms: readonly number[];
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
