import { type NdArray, type StoredArray, toFloat32 } from "../../array/index.ts";
import { readStoredArray, rowsOf, usualLength } from "../../checkpoint/index.ts";
import { firstPlaceholderId } from "../../models/index.ts";

/** Angle between two vectors, in radians; NaN where one has no length. */
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
  const [rows, width] = shape as readonly [number, number];
  return Array.from({ length: rows }, (_, row) => data.subarray(row * width, (row + 1) * width));
}

/** Cosines between all rows of a table, `perGroup` rows at a time: [group][row][row]. */
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

/** What a text encoder's token table says about learned vectors. */
export interface TableSurvey {
  /** Mean length of the vectors of ordinary words. */
  readonly usualNorm: number;
  /** For each learned vector the words with the largest cosines, the nearest first. */
  readonly nearest: readonly (readonly NearWord[])[];
}

const rowsAtOnce = 4096;

/** Compares learned vectors with those of a token table [tokens, width], some rows of it at a time. words: those that may be named, by id. */
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
  for (let first = 0; first < tokens; first += rowsAtOnce) {
    const block = toFloat32(readStoredArray(rowsOf(table, first, Math.min(rowsAtOnce, tokens - first))));
    for (const [i, row] of rowsIn(block).entries()) {
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

/** The rows of these tokens, as a table [tokens, width]. */
export function tokenRows(table: StoredArray, ids: readonly number[]): NdArray<Float32Array> {
  const width = table.shape[1]!;
  const data = new Float32Array(ids.length * width);
  for (const [i, id] of ids.entries()) data.set(toFloat32(readStoredArray(rowsOf(table, id, 1))).data, i * width);
  return { dtype: "float32", shape: [ids.length, width], data };
}
