import type { Family } from "../checkpoint/index.ts";
import { type EmbeddingFile, flawOfPair, flawOfWidth } from "../embedding/index.ts";
import type { EmbeddingInspection } from "./inspection.ts";
import { problemOf } from "./problem.ts";
import { describeTable } from "./table.ts";

/** An embedding that could be read. */
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
