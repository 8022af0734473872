import { arrayOf, type NdArray } from "../../array/index.ts";

/** Arrays of one shape as one array with a new first axis. */
export function stack(arrays: readonly NdArray<Float32Array>[]): NdArray<Float32Array> {
  const shape = arrays[0]!.shape;
  const length = arrays[0]!.data.length;
  const data = new Float32Array(arrays.length * length);
  arrays.forEach((array, i) => {
    data.set(array.data, i * length);
  });
  return arrayOf([arrays.length, ...shape], data);
}

/** A copy of one item along the first axis. */
export function itemOf({ shape, data }: NdArray<Float32Array>, index: number): NdArray<Float32Array> {
  const length = data.length / shape[0]!;
  return arrayOf(shape.slice(1), data.slice(index * length, (index + 1) * length));
}

/** The array with its last axis reversed. */
export function mirrored({ shape, data }: NdArray<Float32Array>): NdArray<Float32Array> {
  const width = shape.at(-1)!;
  const copy = Float32Array.from(data);
  for (let at = 0; at < copy.length; at += width) copy.subarray(at, at + width).reverse();
  return arrayOf(shape, copy);
}
