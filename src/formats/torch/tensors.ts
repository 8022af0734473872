import { type ByteSource, type DType, elementCount, type StoredArray } from "../../array/index.ts";
import { type Budget, requireWithin } from "../../budget/index.ts";
import { damaged, tooMuch } from "./problems.ts";
import {
  isGlobal,
  isList,
  isStorage,
  isTensor,
  type PickleValue,
  type TorchDType,
  type TorchTensor,
} from "./values.ts";

/** `_rebuild_tensor_v2(storage, offset, size, stride, ...)` and its predecessor. @throws TORCH_FILE_INVALID */
export function rebuildTensor(args: readonly PickleValue[], budget: Budget): TorchTensor {
  const [storage] = args;
  if (!isStorage(storage) || !storage.dtype) throw damaged("a tensor without a storage");
  return tensorOn(args, storage.dtype, storage.count, budget);
}

/** `_rebuild_tensor_v3(storage, offset, size, stride, requires_grad, hooks, dtype)`: the storage counts bytes. */
export function rebuildUntypedTensor(args: readonly PickleValue[], budget: Budget): TorchTensor {
  const [storage, , , , , , dtype] = args;
  if (!isStorage(storage)) throw damaged("a tensor without a storage");
  if (!isGlobal(dtype) || !dtype.dtype || dtype.isStorageClass) throw damaged("a tensor without a dtype");
  const bytes = storage.count * (storage.dtype?.bytes ?? 1);
  return tensorOn(args, dtype.dtype, Math.floor(bytes / dtype.dtype.bytes), budget);
}

/** `_rebuild_parameter(tensor, ...)`: the tensor. */
export function rebuildParameter(args: readonly PickleValue[]): TorchTensor {
  const [tensor] = args;
  if (!isTensor(tensor)) throw damaged("a parameter that is not a tensor");
  return tensor;
}

function tensorOn(args: readonly PickleValue[], dtype: TorchDType, available: number, budget: Budget): TorchTensor {
  const [storage, storageOffset, size, stride] = args;
  if (!isStorage(storage)) throw damaged("a tensor without a storage");
  const offset = naturalNumber(storageOffset, "a tensor's offset");
  if (isList(size)) requireWithin("rank", size.length, tooMuch("A tensor in the file"));
  // Tensors may share tuples in the file; here each has its own arrays.
  if (isList(size)) budget.spend(size.length);
  const shape = naturalNumbers(size, "a tensor's size");
  const strides = naturalNumbers(stride, "a tensor's stride");
  if (shape.length !== strides.length)
    throw damaged(`a tensor with ${shape.length} sizes and ${strides.length} strides`);
  const count = elementCount(shape);
  if (!Number.isSafeInteger(count)) throw damaged(`a tensor of the size ${shape.join(" x ")}`);
  // Strides of 0 repeat elements.
  if (count > available) requireWithin("repeatedElements", count, tooMuch("A tensor in the file"));
  const last =
    count === 0 ? offset - 1 : offset + shape.reduce((sum, length, axis) => sum + (length - 1) * strides[axis]!, 0);
  if (last >= available) throw damaged(`a tensor that reaches element ${last} of a storage of ${available}`);
  return { kind: "tensor", dtype, shape, strides, offset, storage };
}

function naturalNumbers(value: PickleValue | undefined, what: string): number[] {
  if (!Array.isArray(value)) throw damaged(`${what} is not a tuple`);
  return value.map((item: PickleValue) => naturalNumber(item, what));
}

/** A non-negative Python int that fits a number exactly. */
export function naturalNumber(value: PickleValue | undefined, what: string): number {
  if (typeof value !== "bigint" || value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER))
    throw damaged(`${what} is ${typeof value === "bigint" ? value : "not an integer"}`);
  return Number(value);
}

/** A persistent id: ("storage", class, key, location, count [, view]). */
export interface StorageId {
  readonly key: string;
  /** undefined: untyped, counted in bytes. */
  readonly dtype: TorchDType | undefined;
  readonly count: number;
  /** Bytes that `count` elements take. */
  readonly bytes: number;
  readonly view: PickleValue | undefined;
}

/** Reads a persistent id; the device that the storage was on (cpu, cuda:0) is ignored. @throws TORCH_FILE_INVALID */
export function parseStorageId(id: PickleValue): StorageId {
  if (!isList(id) || id[0] !== "storage" || id.length < 5)
    throw damaged("its pickle refers to something that is not a storage");
  const [, storageClass, key, , numel, view] = id;
  if (!isGlobal(storageClass) || !storageClass.isStorageClass) throw damaged("a storage of an unknown class");
  if (typeof key !== "string" || !/^\w+$/.test(key)) throw damaged("a storage whose key is not a plain name");
  const count = naturalNumber(numel, `the length of storage ${key}`);
  const bytes = count * (storageClass.dtype?.bytes ?? 1);
  return { key, dtype: storageClass.dtype, count, bytes, view };
}

/** A tensor as a row-major array: a place in the file if it is contiguous, else its elements gathered in memory.
 *  dtype: the tensor's dtype as arrays name it. */
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

/** The elements of a view that skips, repeats or transposes its storage. Only the part of the storage that it uses is read. */
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
