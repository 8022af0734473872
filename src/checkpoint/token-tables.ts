import { mean, type StoredArray } from "../array/index.ts";
import type { Checkpoint } from "./checkpoint.ts";

/** The token table [tokens, width] of each text encoder. */
export function tokenTables({ textEncoder, textEncoder2 }: Checkpoint): StoredArray[] {
  const encoders = textEncoder2 ? [textEncoder, textEncoder2] : [textEncoder];
  return encoders.map(({ tensors }) => tensors.get("text_model.embeddings.token_embedding.weight")!);
}

/** Mean length of words, from the lengths of all vectors of a token table: those that are far shorter than most belong to no word. */
export function usualLength(norms: Float64Array): number {
  const median = norms.slice().sort()[Math.floor(norms.length / 2)]!;
  return mean([...norms].filter((norm) => norm > median / 20));
}
