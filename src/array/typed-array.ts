import type { DType, TypedArray } from "./nd-array.ts";

/** The elements of a dtype in a buffer that holds nothing else: a view, no copy. */
export function typedArrayOn(dtype: DType, buffer: ArrayBuffer): TypedArray {
  switch (dtype) {
    case "float64":
      return new Float64Array(buffer);
    case "float32":
      return new Float32Array(buffer);
    case "float16":
    case "bfloat16":
      return new Uint16Array(buffer);
    case "int64":
      return new BigInt64Array(buffer);
    case "int32":
      return new Int32Array(buffer);
    case "int16":
      return new Int16Array(buffer);
    case "int8":
      return new Int8Array(buffer);
    case "uint8":
    case "bool":
      return new Uint8Array(buffer);
  }
}
