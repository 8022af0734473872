import { type NdArray, rowViews, type StoredArray } from "../../array/index.ts";
import { tokenBlocks, usualLength } from "../../checkpoint/index.ts";
import { firstPlaceholderId } from "../../models/index.ts";

/** Angle between two vectors, in radians; NaN if one is zero. */
export function angleBetween(a: Float32Array, b: Float32Array): number {
  return Math.acos(Math.min(1, Math.max(-1, cosineOf(a, b))));
}

export function distanceBetween(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return Math.sqrt(sum);
}

export function lengthOf(a: Float32Array): number {
  return Math.sqrt(dot(a, a));
}

function cosineOf(a: Float32Array, b: Float32Array): number {
  return dot(a, b) / (lengthOf(a) * lengthOf(b));
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** The rows of a table [rows, width], as views. */
export function rowsIn({ shape, data }: NdArray<Float32Array>): Float32Array[] {
  return rowViews(data, shape[1]!);
}

/** Cosines between the rows of each group of `perGroup` rows: [group][row][row]. */
export function cosinesWithin(table: NdArray<Float32Array>, perGroup: number): number[][][] {
  const rows = rowsIn(table);
  return Array.from({ length: rows.length / perGroup }, (_, group) => {
    const ofGroup = rows.slice(group * perGroup, (group + 1) * perGroup);
    return ofGroup.map((a) => ofGroup.map((b) => cosineOf(a, b)));
  });
}

interface NearWord {
  readonly word: string;
  readonly cosine: number;
}

/** Learned vectors compared with a text encoder's token table. */
export interface TableSurvey {
  /** Mean norm of ordinary words' vectors. */
  readonly usualNorm: number;
  /** For each learned vector, the words with the largest cosines, nearest first. */
  readonly nearest: readonly (readonly NearWord[])[];
}

/** Compares learned vectors with a token table [tokens, width], block by block. words: those to name, by id. */
export function surveyTable(
  table: StoredArray,
  learned: NdArray<Float32Array>,
  words: ReadonlyMap<number, string>,
  count = 5,
): TableSurvey {
  const tokens = Math.min(table.shape[0]!, firstPlaceholderId);
  const vectors = rowsIn(learned);
  const lengths = vectors.map(lengthOf);
  const nearest: NearWord[][] = vectors.map(() => []);
  const norms = new Float64Array(tokens);
  for (const { first, rows } of tokenBlocks(table, tokens)) {
    for (const [i, row] of rowsIn(rows).entries()) {
      const norm = lengthOf(row);
      norms[first + i] = norm;
      const word = words.get(first + i);
      if (word === undefined) continue;
      for (const [k, vector] of vectors.entries())
        keepNearest(nearest[k]!, word, dot(vector, row) / (lengths[k]! * norm), count);
    }
  }
  return { usualNorm: usualLength(norms), nearest };
}

function keepNearest(found: NearWord[], word: string, cosine: number, count: number): void {
  if (!(cosine > (found[count - 1]?.cosine ?? Number.NEGATIVE_INFINITY))) return;
  found.push({ word, cosine });
  found.sort((a, b) => b.cosine - a.cosine);
  if (found.length > count) found.pop();
}
