import type { NdArray, StoredArray } from "../../array/index.ts";
import type { ReportData } from "../data.ts";
import type { WordTables } from "./drift.ts";
import { angleBetween, cosinesWithin, distanceBetween, lengthOf, rowsIn, surveyTable } from "./vectors.ts";

/** A word's vectors, and what they are called. */
export interface DescribedWord {
  readonly tables: WordTables;
  /** What they were before the first step, where that is known. */
  readonly start: WordTables | undefined;
  readonly tokens: readonly string[];
  /** The layers of a word with vectors for each (P+, XTI). */
  readonly layers: readonly string[] | undefined;
}

/** What vectors are like: their lengths, how far they went, the known words near them. words: those that may be named, by id. */
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

/** Angle of each vector to where it started, in radians, encoder after encoder. */
export function anglesBetween(tables: readonly NdArray<Float32Array>[], start: WordTables): number[] {
  return tables.flatMap((table, encoder) => {
    const from = rowsIn(start[encoder]!);
    return rowsIn(table).map((vector, row) => angleBetween(vector, from[row]!));
  });
}
