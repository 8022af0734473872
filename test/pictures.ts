import type { Picture } from "../src/pictures/index.ts";

/** Mean absolute difference of two pictures of the same size, in 8-bit values. */
export function meanDifference(a: Picture, b: Picture): number {
  return a.data.reduce((sum, value, i) => sum + Math.abs(value - b.data[i]!), 0) / a.data.length;
}
