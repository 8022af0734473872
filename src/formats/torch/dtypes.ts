import type { DType } from "../../array/index.ts";
import type { TorchDType } from "./values.ts";

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

/** torch's dtypes by name; the later ones can lie in a file but not in arrays here. */
export const torchDTypes: ReadonlyMap<string, TorchDType> = new Map(
  kinds.map(([name, bytes, dtype]) => [name, { name, bytes, dtype }]),
);

/** What the numbers in a storage of a class are. */
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
