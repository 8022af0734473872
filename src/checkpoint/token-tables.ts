import { mean, type NdArray, type StoredArray, toFloat32 } from "../array/index.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { readStoredArray, rowsOf } from "./stored.ts";

/** The token table [tokens, width] of each text encoder. */
export function tokenTables({ textEncoder, textEncoder2 }: Checkpoint): StoredArray[] {
  const encoders = textEncoder2 ? [textEncoder, textEncoder2] : [textEncoder];
  return encoders.map(({ tensors }) => tensors.get("text_model.embeddings.token_embedding.weight")!);
}

/** Mean length of words' vectors, from the lengths of all rows of a token table: rows far shorter than most belong to no word. */
export function usualLength(norms: Float64Array): number {
  const median = norms.slice().sort()[Math.floor(norms.length / 2)]!;
  return mean([...norms].filter((norm) => norm > median / 20));
}

/** The vectors of these tokens, as a table [tokens, width]. */
export function tokenRows(table: StoredArray, ids: readonly number[]): NdArray<Float32Array> {
  const width = table.shape[1]!;
  const data = new Float32Array(ids.length * width);
  for (const [i, id] of ids.entries()) data.set(toFloat32(readStoredArray(rowsOf(table, id, 1))).data, i * width);
  return { dtype: "float32", shape: [ids.length, width], data };
}

/** Rows per read: a table can take a hundred megabytes. */
const rowsAtOnce = 4096;

/** The first rows of a token table in blocks, each with the number of its first row. */
export function* tokenBlocks(
  table: StoredArray,
  tokens: number,
): Generator<{ readonly first: number; readonly rows: NdArray<Float32Array> }> {
  for (let first = 0; first < tokens; first += rowsAtOnce)
    yield { first, rows: toFloat32(readStoredArray(rowsOf(table, first, Math.min(rowsAtOnce, tokens - first)))) };
}
