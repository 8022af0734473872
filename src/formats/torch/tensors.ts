import { elementCount } from "../../array/index.ts";
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

/** `_rebuild_tensor_v2(storage, offset, size, stride, ...)` and its forerunner. @throws TORCH_FILE_INVALID */
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
  if (!isTensor(tensor)) throw damaged("a parameter that is no tensor");
  return tensor;
}

function tensorOn(args: readonly PickleValue[], dtype: TorchDType, available: number, budget: Budget): TorchTensor {
  const [storage, storageOffset, size, stride] = args;
  if (!isStorage(storage)) throw damaged("a tensor without a storage");
  const offset = naturalNumber(storageOffset, "a tensor's offset");
  if (isList(size)) requireWithin("rank", size.length, tooMuch("A tensor in the file"));
  // Tensors may share the tuples of the file; each has arrays of its own here.
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
  if (!Array.isArray(value)) throw damaged(`${what} is no tuple`);
  return value.map((item: PickleValue) => naturalNumber(item, what));
}

/** A Python int that is not negative and small enough to count with. */
export function naturalNumber(value: PickleValue | undefined, what: string): number {
  if (typeof value !== "bigint" || value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER))
    throw damaged(`${what} is ${typeof value === "bigint" ? value : "no integer"}`);
  return Number(value);
}
