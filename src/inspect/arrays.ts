import { requireWithin } from "../budget/index.ts";
import { withOpenFile } from "../checkpoint/index.ts";
import { openNpz, parseNpy } from "../formats/npz/index.ts";
import type { ArrayInspection, ArraysInspection, Problem } from "./inspection.ts";
import { problemOf } from "./problem.ts";

/** An .npz file: names, kinds of number and shapes of its arrays; of a latent cache the picture's size, too.
 *  @throws NPZ_INVALID when it is no .npz file at all */
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
