import { elementCount, float32ToBfloat16, float32ToFloat16, type NdArray } from "../array/index.ts";

/** The types that random real numbers come in, with the arrays that hold them (float16 and bfloat16 as bit patterns). */
export interface FloatArrays {
  readonly float32: Float32Array;
  readonly float64: Float64Array;
  readonly float16: Uint16Array;
  readonly bfloat16: Uint16Array;
}

export type FloatDType = keyof FloatArrays;

/** An array of the given shape and type whose values `fill` writes; half precision is filled as float32 and rounded at the end, as torch does. */
export function filledArray<Type extends FloatDType>(
  dtype: Type,
  shape: readonly number[],
  fill: (values: Float32Array | Float64Array) => void,
): NdArray<FloatArrays[Type]> {
  const size = elementCount(shape);
  const values = dtype === "float64" ? new Float64Array(size) : new Float32Array(size);
  fill(values);
  return { dtype, shape, data: rounded(dtype, values) as FloatArrays[Type] };
}

/** The bit pattern of a number in half precision. */
export function roundedBits(dtype: FloatDType, value: number): number {
  return dtype === "bfloat16" ? float32ToBfloat16(value) : float32ToFloat16(value);
}

function rounded(dtype: FloatDType, values: Float32Array | Float64Array): FloatArrays[FloatDType] {
  if (dtype === "float32" || dtype === "float64") return values;
  return Uint16Array.from(values, (value) => roundedBits(dtype, value));
}
