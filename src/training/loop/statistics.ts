import type { NdArray } from "../../array/index.ts";

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Lengths of the rows of [n, width]. */
export function rowLengths({ shape, data }: NdArray<Float32Array>): number[] {
  const [count, width] = shape as readonly [number, number];
  return Array.from({ length: count }, (_, row) => Math.hypot(...data.subarray(row * width, (row + 1) * width)));
}
