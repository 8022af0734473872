import { type ByteSource, type DType, elementCount, type StoredArray } from "../../array/index.ts";
import { damaged } from "./problems.ts";
import type { TorchTensor } from "./values.ts";

/** A tensor as a row-major array: where it lies when its elements follow one another in the file, else its elements gathered.
 *  dtype: what arrays here call the tensor's own. */
export function storedTensor(source: ByteSource, tensor: TorchTensor, dtype: DType): StoredArray {
  const { shape, storage } = tensor;
  const bytesEach = tensor.dtype.bytes;
  const length = elementCount(shape) * bytesEach;
  const place = storage.place();
  if (!isContiguous(tensor)) return { dtype, shape, bytes: gather(source, tensor) };
  const start = tensor.offset * bytesEach;
  if ("offset" in place) return { dtype, shape, bytes: { file: source.path, offset: place.offset + start, length } };
  return { dtype, shape, bytes: within(place.bytes, start, length) };
}

function isContiguous({ shape, strides }: TorchTensor): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return shape.includes(0);
    expected *= shape[axis]!;
  }
  return true;
}

/** The elements of a view that skips, repeats or turns its storage. Only the part of the storage it touches is read. */
function gather(source: ByteSource, { shape, strides, offset, storage, dtype }: TorchTensor): Uint8Array {
  const bytesEach = dtype.bytes;
  const reach = 1 + shape.reduce((sum, size, axis) => sum + (size - 1) * strides[axis]!, 0);
  const place = storage.place();
  const start = offset * bytesEach;
  const length = elementCount(shape) * bytesEach;
  storage.memory.spend(length);
  const window =
    "offset" in place
      ? source.read(place.offset + start, reach * bytesEach)
      : within(place.bytes, start, reach * bytesEach);
  const result = new Uint8Array(length);
  const index = new Array<number>(shape.length).fill(0);
  let element = 0;
  for (let target = 0; target < result.length; target += bytesEach) {
    for (let k = 0; k < bytesEach; k++) result[target + k] = window[element * bytesEach + k]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      element += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      element -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return result;
}

function within(bytes: Uint8Array, start: number, length: number): Uint8Array {
  if (start + length > bytes.length) throw damaged("a tensor reaches past its storage");
  return bytes.subarray(start, start + length);
}
