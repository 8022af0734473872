import type { DType } from "../../array/index.ts";
import type { Budget } from "../../budget/index.ts";

/** A value of a pickle. Python's int is a bigint, its float a number; a tuple is a frozen array, a list one that is not frozen. */
export type PickleValue =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | readonly PickleValue[]
  | PickleMap
  | ReadonlySet<PickleValue>
  | TorchTensor
  | TorchStorage
  | PickleGlobal
  | PlaceholderObject;

/** A dict of any kind; keys compare by value, tuples and objects by identity. */
export type PickleMap = ReadonlyMap<PickleValue, PickleValue>;

/** A dtype of a tensor. */
export interface TorchDType {
  /** torch's name: "float32". */
  readonly name: string;
  readonly bytes: number;
  /** The dtype as arrays name it; undefined if they cannot hold it. */
  readonly dtype: DType | undefined;
}

/** A block of numbers that tensors are views of. */
export interface TorchStorage {
  readonly kind: "storage";
  readonly key: string;
  /** undefined: untyped, counted in bytes; the tensor gives the dtype. */
  readonly dtype: TorchDType | undefined;
  /** Elements (bytes when untyped). */
  readonly count: number;
  /** Where its first byte is, or its bytes; a function, because a legacy file gives it only after its pickle. */
  readonly place: () => StoragePlace;
  /** Counts the memory taken by reading the file's tensors. */
  readonly memory: Budget;
}

export type StoragePlace = { readonly offset: number } | { readonly bytes: Uint8Array };

/** A tensor as described by the file; checked to lie inside its storage. */
export interface TorchTensor {
  readonly kind: "tensor";
  readonly dtype: TorchDType;
  readonly shape: readonly number[];
  /** Counted in elements. */
  readonly strides: readonly number[];
  /** Counted in elements. */
  readonly offset: number;
  readonly storage: TorchStorage;
}

/** A known name of Python code, with its replacement here. */
export interface PickleGlobal {
  readonly kind: "global";
  /** "module.name" */
  readonly name: string;
  /** The result of a call; undefined for names that cannot be called. */
  readonly call?: (args: readonly PickleValue[], budget: Budget) => PickleValue;
  /** A storage class, or a dtype. */
  readonly dtype?: TorchDType;
  readonly isStorageClass?: boolean;
}

/** An object of a class without meaning here: it keeps its arguments and state. */
export interface PlaceholderObject {
  readonly kind: "object";
  readonly global: PickleGlobal;
  readonly args: readonly PickleValue[];
  state: PickleValue;
}

/** Steps that collections, their items, objects and names cost in a pickle's budget: about one per 16 bytes of memory. */
export const collectionSteps = { map: 16, list: 4, item: 4, slot: 4, object: 8, name: 16 } as const;

export function isMap(value: PickleValue | undefined): value is PickleMap {
  return value instanceof Map;
}

export function isList(value: PickleValue | undefined): value is readonly PickleValue[] {
  return Array.isArray(value);
}

export function isTensor(value: PickleValue | undefined): value is TorchTensor {
  return hasKind(value, "tensor");
}

export function isStorage(value: PickleValue | undefined): value is TorchStorage {
  return hasKind(value, "storage");
}

export function isGlobal(value: PickleValue | undefined): value is PickleGlobal {
  return hasKind(value, "global");
}

export function isPlaceholder(value: PickleValue | undefined): value is PlaceholderObject {
  return hasKind(value, "object");
}

function hasKind(value: PickleValue | undefined, kind: string): boolean {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === kind;
}

const kinds: readonly (readonly [string, number, DType | undefined])[] = [
  ["float64", 8, "float64"],
  ["float32", 4, "float32"],
  ["float16", 2, "float16"],
  ["bfloat16", 2, "bfloat16"],
  ["int64", 8, "int64"],
  ["int32", 4, "int32"],
  ["int16", 2, "int16"],
  ["int8", 1, "int8"],
  ["uint8", 1, "uint8"],
  ["bool", 1, "bool"],
  ["uint16", 2, undefined],
  ["uint32", 4, undefined],
  ["uint64", 8, undefined],
  ["float8_e4m3fn", 1, undefined],
  ["float8_e4m3fnuz", 1, undefined],
  ["float8_e5m2", 1, undefined],
  ["float8_e5m2fnuz", 1, undefined],
  ["float8_e8m0fnu", 1, undefined],
];

/** torch's dtypes by name; arrays cannot hold the last ones. */
export const torchDTypes: ReadonlyMap<string, TorchDType> = new Map(
  kinds.map(([name, bytes, dtype]) => [name, { name, bytes, dtype }]),
);

/** The dtype of the numbers in a storage of each class. */
export const storageClassDTypes: Readonly<Record<string, string>> = {
  FloatStorage: "float32",
  HalfStorage: "float16",
  BFloat16Storage: "bfloat16",
  DoubleStorage: "float64",
  LongStorage: "int64",
  IntStorage: "int32",
  ShortStorage: "int16",
  CharStorage: "int8",
  ByteStorage: "uint8",
  BoolStorage: "bool",
};
