import type { NdArray } from "../array/index.ts";

/** A learned word: what Textual Inversion makes and programs share. */
export interface LearnedEmbedding {
  /** One table [n, width] per text encoder, in the model's order: SD1 768, SD2 1024, SDXL 768 then 1280; the same n in each. Any floating-point dtype. */
  readonly vectors: readonly NdArray[];
  /** P+ (XTI): the U-Net's layers the word has vectors for, in order of execution. The only table is then [layers n, width], layer after layer. */
  readonly layers?: readonly string[] | undefined;
  /** The word as its author calls it, where the file says so; programs go by the file's name. */
  readonly token: string | undefined;
  /** Training steps, where known. */
  readonly step: number | undefined;
  /** `modelspec.*` and whatever else a file tells about itself. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** What an embedding must fit: the width of each text encoder's table, in the model's order. */
export interface TargetModel {
  /** For messages: "Stable Diffusion 1". */
  readonly label: string;
  readonly widths: readonly number[];
  /** Given where a word with vectors for each layer (P+, XTI) is wanted: the layers of the model. */
  readonly layers?: readonly string[] | undefined;
}

/** The number of vectors, that is of tokens the word takes in a prompt. */
export function vectorCount({ vectors, layers = [""] }: Pick<LearnedEmbedding, "vectors" | "layers">): number {
  return (vectors[0]?.shape[0] ?? 0) / layers.length;
}
