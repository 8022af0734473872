import { float32ToBfloat16, float32ToFloat16, type NdArray, toFloat32 } from "../array/index.ts";

/** `--save_precision`. */
export type SavePrecision = "float" | "fp16" | "bf16";

/** A table in the precision it is saved in, rounded to the nearest, ties to even; undefined keeps what it has (float64 becomes float32). */
export function inPrecision(table: NdArray, precision: SavePrecision | undefined): NdArray {
  if (precision === undefined) return table.dtype === "float64" ? toFloat32(table) : table;
  const wide = toFloat32(table);
  if (precision === "float") return wide;
  const round = precision === "fp16" ? float32ToFloat16 : float32ToBfloat16;
  return {
    dtype: precision === "fp16" ? "float16" : "bfloat16",
    shape: wide.shape,
    data: Uint16Array.from(wide.data, round),
  };
}
