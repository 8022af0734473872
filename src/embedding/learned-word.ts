import type { NdArray } from "../array/index.ts";

/** A learned word: what Textual Inversion makes and programs share. */
export interface LearnedWord {
  /** The word as its author calls it, where the file says so; programs use the file's name. */
  readonly token: string | undefined;
  /** One table [n, width] per text encoder, in the model's order: SD1 768, SD2 1024, SDXL 768 then 1280; the same n in each. float32, float16 or bfloat16. */
  readonly vectors: readonly NdArray[];
  /** `modelspec.*` and whatever else the file tells about itself. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Training steps, where known. */
  readonly step: number | undefined;
}

/** The number of vectors, that is of tokens the word takes in a prompt. */
export function vectorCount(word: LearnedWord): number {
  return word.vectors[0]?.shape[0] ?? 0;
}
