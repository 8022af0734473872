import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from "../array/index.ts";

/** The type that latents and noise are computed in; values are held as float32 whatever it is. */
export type Precision = "float32" | "float16" | "bfloat16";

/** Rounds a number to the nearest of a type. */
export function rounding(precision: Precision): (value: number) => number {
  if (precision === "float16") return (value) => float16ToFloat32(float32ToFloat16(value));
  if (precision === "bfloat16") return (value) => bfloat16ToFloat32(float32ToBfloat16(value));
  return Math.fround;
}
