import { type NdArray, toFloat32 } from "../array/index.ts";
import type { Family } from "../checkpoint/index.ts";
import { type EmbeddingFile, flawOfPair, flawOfWidth } from "../embedding/index.ts";
import { type EmbeddingInspection, problemOf, type TableInspection } from "./inspection.ts";

/** An embedding file that could be read. */
export function describeEmbedding(embedding: EmbeddingFile, bytes: number): EmbeddingInspection {
  const { tables, ...file } = embedding;
  const flawAsPair = flawOfPair(embedding);
  const flaw = flawAsPair ?? flawOfWidth(embedding);
  const described = [...tables].map(([role, table]) => describeTable(role, table));
  return {
    kind: "embedding",
    ...file,
    bytes,
    problems: flaw ? [problemOf(flaw)] : [],
    family: flawAsPair ? "sdxl" : familyOf(described.map(({ width }) => width)),
    vectors: described[0]?.norms.length ?? 0,
    tables: described,
  };
}

function familyOf(widths: readonly number[]): Family | undefined {
  const distinct = [...new Set(widths)].join("+");
  const families: Readonly<Record<string, Family>> = {
    "768": "sd1",
    "1024": "sd2",
    "768+1280": "sdxl",
  };
  return families[distinct];
}

/** A table of vectors [count, width]. */
export function describeTable(role: string, table: NdArray): TableInspection {
  const [count, width] = table.shape as [number, number];
  const { data } = toFloat32(table);
  const norms = Array.from({ length: count }, (_, row) => {
    const vector = data.subarray(row * width, (row + 1) * width);
    return Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  });
  return { role, dtype: table.dtype, width, norms };
}
