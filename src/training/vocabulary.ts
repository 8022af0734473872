import { type StoredArray, toFloat32 } from "../array/index.ts";
import { readStoredArray, rowsOf } from "../checkpoint/index.ts";
import { firstLearnedId } from "../models/index.ts";

/** What the vectors of a model's ordinary words are like. */
export interface Vocabulary {
  /** The mean vector. */
  readonly mean: readonly number[];
  /** Mean length of a vector. */
  readonly meanNorm: number;
  /** Sum of the squares of all their numbers. */
  readonly squares: number;
}

const rowsAtOnce = 4096;

/** Measures a token table [words, width] in one pass, some rows at a time: it may have a hundred megabytes. */
export function measureVocabulary(table: StoredArray): Vocabulary {
  const [stored, width] = table.shape as readonly [number, number];
  const words = Math.min(stored, firstLearnedId);
  const sums = new Float64Array(width);
  let [norms, squares] = [0, 0];
  for (let first = 0; first < words; first += rowsAtOnce) {
    const { data } = toFloat32(readStoredArray(rowsOf(table, first, Math.min(rowsAtOnce, words - first))));
    for (let at = 0; at < data.length; at += width) {
      let rowSquares = 0;
      for (let i = 0; i < width; i++) {
        const value = data[at + i]!;
        sums[i]! += value;
        rowSquares += value * value;
      }
      norms += Math.sqrt(rowSquares);
      squares += rowSquares;
    }
  }
  return { mean: Array.from(sums, (sum) => sum / words), meanNorm: norms / words, squares };
}
