import { type ByteSource, elementCount, type NdArray } from "../array/index.ts";
import { requireWithin } from "../budget/index.ts";
import { readSafetensorsFile, readStoredArray } from "../checkpoint/index.ts";
import { isRecord } from "../formats/json/index.ts";
import {
  isList,
  isMap,
  isPlaceholder,
  isTensor,
  type PickleMap,
  type PickleValue,
  readTorchFile,
  storedTensor,
  type TorchTensor,
} from "../formats/torch/index.ts";

/** A tensor of a file that may be an embedding; its values are read only if the file is one. */
export interface FileTensor {
  /** Name of the dtype; if arrays cannot hold it, the file's name. */
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly read: () => NdArray;
}

/** The contents of a file of any container: named tensors and other fields. */
export interface Contents {
  readonly form: "mapping" | "tensor" | "list" | "other";
  /** Tensors by name; a bare tensor has the name "". */
  readonly tensors: ReadonlyMap<string, FileTensor>;
  /** The web UI's `string_to_param`, if the file has one. */
  readonly parameters: ReadonlyMap<string, FileTensor | undefined> | undefined;
  /** Strings and numbers. */
  readonly fields: ReadonlyMap<string, string | number>;
  /** Names of all other entries. */
  readonly others: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** @throws SAFETENSORS_INVALID, CHECKPOINT_UNREADABLE */
export function contentsOfSafetensors(source: ByteSource): Contents {
  const file = readSafetensorsFile(source);
  const tensors = new Map<string, FileTensor>();
  for (const [name, stored] of file.tensors)
    tensors.set(name, { dtype: stored.dtype, shape: stored.shape, read: () => readStoredArray(stored) });
  for (const [name, dtype] of file.unusable) tensors.set(name, unreadableTensor(dtype, []));
  return mapping({ tensors, metadata: file.metadata });
}

/** @throws TORCH_FILE_INVALID, PICKLE_REFUSED */
export function contentsOfTorchFile(source: ByteSource): Contents {
  const { value } = readTorchFile(source);
  if (isTensor(value)) return { ...mapping({ tensors: new Map([["", torchTensor(source, value)]]) }), form: "tensor" };
  if (isMap(value)) return contentsOfMap(source, value);
  const parameters = parameterMap(value);
  if (parameters) return contentsOfMap(source, parameters);
  if (isList(value)) return contentsOfList(source, value);
  return { ...mapping({}), form: "other" };
}

function contentsOfMap(source: ByteSource, map: PickleMap): Contents {
  const tensors = new Map<string, FileTensor>();
  const fields = new Map<string, string | number>();
  const others: string[] = [];
  for (const [key, value] of map) {
    const name = nameOf(key);
    if (name === undefined) others.push("an entry whose key is no text");
    else if (isTensor(value)) tensors.set(name, torchTensor(source, value));
    else if (typeof value === "string" || typeof value === "number") fields.set(name, value);
    else if (typeof value === "bigint") fields.set(name, Number(value));
    else if (value !== null) others.push(name);
  }
  const inner = parameterMap(map.get("string_to_param"));
  const parameters =
    inner &&
    new Map(
      [...inner].map(([key, value]) => [nameOf(key) ?? "", isTensor(value) ? torchTensor(source, value) : undefined]),
    );
  return mapping({ tensors, fields, others, parameters });
}

/** A key as a name; undefined for keys that are neither string nor number, such as tuples, which could have any length. */
function nameOf(key: PickleValue): string | undefined {
  return typeof key === "object" && key !== null ? undefined : String(key);
}

/** A list of mappings: their tensors, numbered. */
function contentsOfList(source: ByteSource, items: readonly PickleValue[]): Contents {
  const tensors = new Map<string, FileTensor>();
  const others: string[] = [];
  items.forEach((item, i) => {
    const inside = isMap(item) ? [...contentsOfMap(source, item).tensors.values()] : [];
    if (inside.length === 1) tensors.set(String(i), inside[0]!);
    else others.push(String(i));
  });
  return { ...mapping({ tensors, others }), form: "list" };
}

/** A plain dict, or the `_parameters` of a ParameterDict. */
function parameterMap(value: PickleValue | undefined): PickleMap | undefined {
  if (isMap(value)) return value;
  const state = isPlaceholder(value) ? value.state : undefined;
  const parameters = isMap(state) ? state.get("_parameters") : undefined;
  return isMap(parameters) ? parameters : undefined;
}

function torchTensor(source: ByteSource, tensor: TorchTensor): FileTensor {
  const { dtype } = tensor.dtype;
  if (!dtype) return unreadableTensor(tensor.dtype.name, tensor.shape);
  return { dtype, shape: tensor.shape, read: () => readStoredArray(storedTensor(source, tensor, dtype)) };
}

function unreadableTensor(dtype: string, shape: readonly number[]): FileTensor {
  return {
    dtype,
    shape,
    read: () => {
      throw new Error(`a tensor of ${dtype} was asked for`);
    },
  };
}

function mapping(parts: Partial<Omit<Contents, "form">>): Contents {
  return {
    form: "mapping",
    tensors: new Map(),
    parameters: undefined,
    fields: new Map(),
    others: [],
    metadata: {},
    ...parts,
  };
}

/** The web UI's JSON: an embedding dict with {"TORCHTENSOR": nested lists} for tensors. */
export function contentsOfJson(json: Readonly<Record<string, unknown>>): Contents {
  const fields = new Map<string, string | number>();
  for (const [name, value] of Object.entries(json))
    if (typeof value === "string" || typeof value === "number") fields.set(name, value);
  const inner = isRecord(json.string_to_param) ? json.string_to_param : undefined;
  const parameters = inner && new Map(Object.entries(inner).map(([key, value]) => [key, jsonTensor(value)]));
  return mapping({ fields, parameters });
}

function jsonTensor(value: unknown): FileTensor | undefined {
  const nested = isRecord(value) ? value.TORCHTENSOR : undefined;
  if (!Array.isArray(nested)) return undefined;
  const shape: number[] = [];
  let level: unknown = nested;
  for (; Array.isArray(level); level = level[0]) {
    shape.push(level.length);
    requireWithin("rank", shape.length, { code: "EMBEDDING_INVALID", subject: "A tensor in the picture" });
  }
  const numbers = nested.flat(shape.length) as unknown[];
  const isRegular = numbers.length === elementCount(shape) && numbers.every((number) => typeof number === "number");
  if (!isRegular) return undefined;
  return {
    dtype: "float32",
    shape,
    read: () => ({ dtype: "float32", shape, data: Float32Array.from(numbers as number[]) }),
  };
}
