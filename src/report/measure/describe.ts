import type { NdArray, StoredArray } from "../../array/index.ts";
import type { ReportData } from "../data.ts";
import type { WordTables } from "./drift.ts";
import { angleBetween, cosinesWithin, distanceBetween, lengthOf, rowsIn, surveyTable } from "./vectors.ts";

/** A word's vectors with their names. */
export interface DescribedWord {
  readonly tables: WordTables;
  /** The vectors before the first step, if known. */
  readonly start: WordTables | undefined;
  readonly tokens: readonly string[];
  /** The layers of a word with vectors for each layer (P+, XTI). */
  readonly layers: readonly string[] | undefined;
}

/** Describes vectors: norms, distance from the start, nearest known words. words: those to name, by id. */
export function describeVectors(
  { tables, start, tokens, layers = [] }: DescribedWord,
  tokenTables: readonly StoredArray[],
  words: ReadonlyMap<number, string>,
): Pick<ReportData, "rows" | "cosines"> {
  return {
    rows: tables.flatMap((table, encoder) => {
      const { usualNorm, nearest } = surveyTable(tokenTables[encoder]!, table, words);
      const from = start && rowsIn(start[encoder]!);
      return rowsIn(table).map((vector, row) => ({
        label: labelOf(row, encoder),
        norm: lengthOf(vector),
        usualNorm,
        ...(from && { angle: angleBetween(vector, from[row]!), distance: distanceBetween(vector, from[row]!) }),
        nearest: nearest[row]!,
      }));
    }),
    cosines: tables.flatMap((table) => cosinesWithin(table, tokens.length)),
  };

  function labelOf(row: number, encoder: number): string {
    const token = tokens[row % tokens.length]!;
    if (layers.length > 0) return `${token} ${layers[Math.floor(row / tokens.length)]}`;
    return tables.length > 1 ? `${token}, encoder ${encoder + 1}` : token;
  }
}

/** Angle of each vector to its start, in radians, encoder after encoder. */
export function anglesBetween(tables: readonly NdArray<Float32Array>[], start: WordTables): number[] {
  return tables.flatMap((table, encoder) => {
    const from = rowsIn(start[encoder]!);
    return rowsIn(table).map((vector, row) => angleBetween(vector, from[row]!));
  });
}
