import { elementCount, type StoredArray } from "../array/index.ts";
import { requireWithin } from "../budget/index.ts";
import { recognizeNames, type WeightFile, withOpenFile } from "../checkpoint/index.ts";
import { openNpz, parseNpy } from "../formats/npz/index.ts";
import {
  type ArrayInspection,
  type ArraysInspection,
  type DTypeCounts,
  type Problem,
  problemOf,
  type WeightsInspection,
} from "./inspection.ts";

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

/** An .npz file: names, dtypes and shapes of its arrays, and for a latent cache the size of the image.
 *  @throws NPZ_INVALID if it is not an .npz file */
export function inspectArrays(path: string, bytes: number): ArraysInspection {
  requireWithin("npzFile", bytes, { code: "NPZ_INVALID", subject: path });
  const arrays: ArrayInspection[] = [];
  const numbers = new Map<string, number[]>();
  const problems: Problem[] = [];
  for (const [name, file] of openNpz(withOpenFile(path, (source) => source.read(0, source.size)))) {
    try {
      const { dtype, shape, data } = parseNpy(file);
      arrays.push({ name, dtype, shape });
      if (data.length <= 4) numbers.set(name, Array.from(data, Number));
    } catch (error) {
      problems.push(problemOf(error));
    }
  }
  const isLatentCache = arrays.some(({ name }) => name.startsWith("latents"));
  return {
    kind: "arrays",
    path,
    bytes,
    problems,
    label: isLatentCache ? "a latent cache" : "NumPy arrays",
    arrays,
    originalSize: numbers.get("original_size"),
    cropBox: numbers.get("crop_ltrb"),
  };
}

export function countDTypes(arrays: Iterable<Pick<StoredArray, "dtype" | "shape">>): DTypeCounts {
  const counts: Record<string, { tensors: number; elements: number }> = {};
  for (const { dtype, shape } of arrays) {
    const { tensors, elements } = counts[dtype] ?? { tensors: 0, elements: 0 };
    counts[dtype] = { tensors: tensors + 1, elements: elements + elementCount(shape) };
  }
  return counts;
}
