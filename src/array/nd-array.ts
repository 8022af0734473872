import { CoinageError } from "../errors/index.ts";
import { bytesOf, typedArrayOn } from "./bytes.ts";
import { type DType, dtypeBytes, type TypedArray } from "./dtype.ts";
import { bfloat16ToFloat32, float16ToFloat32 } from "./half-precision.ts";

/** An n-dimensional array in host memory, row-major. float16 and bfloat16 hold their bit patterns in a Uint16Array, bool is a Uint8Array. */
export interface NdArray<Data extends TypedArray = TypedArray> {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: Data;
}

/** The number of elements of a shape. For sizes from an untrusted file it may be infinite or NaN. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** A float32 array of the given shape. @throws SHAPE if the number of values differs. */
export function arrayOf(shape: readonly number[], data: Float32Array | readonly number[]): NdArray<Float32Array> {
  if (elementCount(shape) !== data.length)
    throw new CoinageError("SHAPE", `${data.length} values do not fill the shape [${shape.join(", ")}].`);
  return { dtype: "float32", shape, data: data instanceof Float32Array ? data : Float32Array.from(data) };
}

/** The same values as float32; the array itself if it is float32 already. */
export function toFloat32(array: NdArray): NdArray<Float32Array> {
  const { dtype, shape, data } = array;
  if (data instanceof Float32Array) return { dtype: "float32", shape, data };
  const values = new Float32Array(data.length);
  for (let i = 0; i < values.length; i++) {
    const value = data[i]!;
    if (dtype === "float16") values[i] = float16ToFloat32(Number(value));
    else if (dtype === "bfloat16") values[i] = bfloat16ToFloat32(Number(value));
    else values[i] = Number(value);
  }
  return { dtype: "float32", shape, data: values };
}

/** A frozen array in a file (or, if the file stores it in no usable form, in memory): row-major, little-endian. */
export interface StoredArray {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly bytes: FileRegion | Uint8Array;
}

/** A range of bytes in a file. */
interface FileRegion {
  /** Absolute path. */
  readonly file: string;
  readonly offset: number;
  readonly length: number;
}

/** Stacks arrays of one shape along a new first axis. */
export function stack(arrays: readonly NdArray<Float32Array>[]): NdArray<Float32Array> {
  return { ...concatenate(arrays), shape: [arrays.length, ...arrays[0]!.shape] };
}

/** Concatenates arrays of one dtype along their first axis; their other axes must be equal. */
export function concatenate<Data extends TypedArray>(arrays: readonly NdArray<Data>[]): NdArray<Data> {
  const [first] = arrays as readonly [NdArray<Data>];
  const shape = [arrays.reduce((sum, array) => sum + array.shape[0]!, 0), ...first.shape.slice(1)];
  const bytes = new Uint8Array(elementCount(shape) * dtypeBytes[first.dtype]);
  let at = 0;
  for (const { data } of arrays) {
    bytes.set(bytesOf(data), at);
    at += data.byteLength;
  }
  return { dtype: first.dtype, shape, data: typedArrayOn(first.dtype, bytes) as Data };
}

/** The rows of an array, each of `width` numbers, as views. */
export function rowViews(data: Float32Array, width: number): Float32Array[] {
  return Array.from({ length: data.length / width }, (_, row) => data.subarray(row * width, (row + 1) * width));
}

/** Euclidean norms of the rows of [n, width]. */
export function rowNorms({ shape, data }: NdArray<Float32Array>): number[] {
  return rowViews(data, shape[1]!).map((row) => Math.hypot(...row));
}

export function copyOf(array: NdArray<Float32Array>): NdArray<Float32Array> {
  return { ...array, data: array.data.slice() };
}

/** A copy of one item along the first axis. */
export function itemOf({ shape, data }: NdArray<Float32Array>, index: number): NdArray<Float32Array> {
  const length = data.length / shape[0]!;
  return arrayOf(shape.slice(1), data.slice(index * length, (index + 1) * length));
}

/** Copies of an array split along its first axis, each of at most `most` items. */
export function partsOf({ shape, data }: NdArray<Float32Array>, most: number): NdArray<Float32Array>[] {
  const [count, ...rest] = shape as readonly [number, ...number[]];
  const length = data.length / count;
  return Array.from({ length: Math.ceil(count / most) }, (_, i) => {
    const end = Math.min(count, (i + 1) * most);
    return arrayOf([end - i * most, ...rest], data.slice(i * most * length, end * length));
  });
}
