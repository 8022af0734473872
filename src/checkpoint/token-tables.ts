import type { StoredArray } from "../array/index.ts";
import type { Checkpoint } from "./checkpoint.ts";

/** The token table [tokens, width] of each text encoder. */
export function tokenTables({ textEncoder, textEncoder2 }: Checkpoint): StoredArray[] {
  const encoders = textEncoder2 ? [textEncoder, textEncoder2] : [textEncoder];
  return encoders.map(({ tensors }) => tensors.get("text_model.embeddings.token_embedding.weight")!);
}
