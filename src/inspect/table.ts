import { type NdArray, toFloat32 } from "../array/index.ts";
import type { TableInspection } from "./inspection.ts";

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
