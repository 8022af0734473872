import type { NdArray } from "../array/index.ts";

/** The vectors of a word, as Textual Inversion trains them and programs share them. */
export interface LearnedEmbedding {
  /** One table [n, width] per text encoder, in the model's order: SD1 768, SD2 1024, SDXL 768 then 1280; the same n in each. Any floating-point dtype. */
  readonly vectors: readonly NdArray[];
  /** P+ (XTI): the U-Net layers that have vectors of their own, in order of execution. The only table is then [layers n, width], layer after layer. */
  readonly layers?: readonly string[] | undefined;
  /** The author's name of the word, if the file gives one; programs use the file's name. */
  readonly token: string | undefined;
  /** Training steps, if known. */
  readonly step: number | undefined;
  /** `modelspec.*` and other metadata of the file. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** What an embedding must match: the width of each text encoder's embeddings, in the model's order. */
export interface TargetModel {
  /** Name for messages: "Stable Diffusion 1". */
  readonly label: string;
  readonly widths: readonly number[];
  /** The model's layers, for embeddings with vectors for each layer (P+, XTI). */
  readonly layers?: readonly string[] | undefined;
}

/** Number of vectors: the tokens that the word takes in a prompt. */
export function vectorCount({ vectors, layers = [""] }: Pick<LearnedEmbedding, "vectors" | "layers">): number {
  return (vectors[0]?.shape[0] ?? 0) / layers.length;
}
