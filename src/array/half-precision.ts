import { roundHalfEven } from "./numbers.ts";

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The values of all 2^16 bit patterns, computed on first use: a lookup is many times as fast as the conversion, and token tables have a hundred million numbers. */
let float16Values: Float32Array | undefined;

/** The value of an IEEE 754 binary16 bit pattern. */
export function float16ToFloat32(half: number): number {
  float16Values ??= Float32Array.from({ length: 0x10000 }, (_, pattern) => float16Value(pattern));
  return float16Values[half & 0xffff]!;
}

function float16Value(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The value of a bfloat16 bit pattern. */
export function bfloat16ToFloat32(half: number): number {
  bits[0] = half << 16;
  return float[0]!;
}

/** The binary16 bit pattern nearest to a number, ties to even; infinity if the number is too large. */
export function float32ToFloat16(value: number): number {
  float[0] = value;
  const word = bits[0]!;
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) return sign | roundHalfEven(Math.abs(float[0]!) * 2 ** 24);
  const rebiased = magnitude - 0x38000000;
  return sign | ((rebiased + 0xfff + ((rebiased >>> 13) & 1)) >>> 13);
}

/** The bfloat16 bit pattern nearest to a number, ties to even. */
export function float32ToBfloat16(value: number): number {
  float[0] = value;
  const word = bits[0]!;
  if ((word & 0x7fffffff) > 0x7f800000) return (word >>> 16) | 0x40;
  return ((word + 0x7fff + ((word >>> 16) & 1)) >>> 16) & 0xffff;
}
