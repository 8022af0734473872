import { recognizeNames, type WeightFile } from "../checkpoint/index.ts";
import type { Problem, WeightsInspection } from "./inspection.ts";
import { countDTypes } from "./model.ts";

/** A file of tensors that is neither a whole model nor an embedding. */
export function describeWeights(
  path: string,
  bytes: number,
  { container, tensors, unusable, metadata }: WeightFile,
  problems: readonly Problem[],
): WeightsInspection {
  const names = [...tensors.keys(), ...unusable.keys()];
  const dtypes = { ...countDTypes(tensors.values()) };
  for (const dtype of unusable.values()) {
    const known = dtypes[dtype] ?? { tensors: 0, elements: 0 };
    dtypes[dtype] = { ...known, tensors: known.tensors + 1 };
  }
  const { label } = recognizeNames(names);
  const about = { kind: "weights", path, bytes, problems, label, container, metadata } as const;
  return { ...about, tensors: names.length, dtypes, firstNames: names.slice(0, 10) };
}
