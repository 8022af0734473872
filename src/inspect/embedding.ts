import { type NdArray, toFloat32 } from "../array/index.ts";
import type { Family } from "../checkpoint/index.ts";
import type { EmbeddingFile } from "../embedding/index.ts";
import type { EmbeddingInspection, TableInspection } from "./inspection.ts";

/** An embedding that could be read. */
export function describeEmbedding(file: EmbeddingFile, bytes: number): EmbeddingInspection {
  const tables = [...file.tables].map(([role, table]) => describeTable(role, table));
  const { path, name, layout, container, token, step, sdCheckpoint, sdCheckpointName, metadata, warnings } = file;
  return {
    kind: "embedding",
    path,
    bytes,
    problems: [],
    name,
    layout,
    container,
    family: familyOf(tables.map(({ width }) => width)),
    vectors: tables[0]?.norms.length ?? 0,
    tables,
    token,
    step,
    sdCheckpoint,
    sdCheckpointName,
    metadata,
    warnings,
  };
}

function describeTable(role: string, table: NdArray): TableInspection {
  const [count, width] = table.shape as [number, number];
  const { data } = toFloat32(table);
  const norms = Array.from({ length: count }, (_, row) => {
    const vector = data.subarray(row * width, (row + 1) * width);
    return Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  });
  return { role, dtype: table.dtype, width, norms };
}

function familyOf(widths: readonly number[]): Family | undefined {
  const distinct = [...new Set(widths)].join("+");
  const families: Readonly<Record<string, Family>> = {
    "768": "sd1",
    "1024": "sd2",
    "768+1280": "sdxl",
    "1280+768": "sdxl",
  };
  return families[distinct];
}
