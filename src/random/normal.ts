import type { TranscendentalFunctions } from "./precise-math.ts";

/** Fewer elements than this are drawn one by one in double precision; from here on torch transforms blocks of this size. */
export const blockSize = 16;
const half = blockSize / 2;

interface NormalFill {
  readonly mean: number;
  readonly std: number;
  /** Draws one number in [0, 1). */
  readonly uniform: () => number;
  readonly functions: TranscendentalFunctions;
  /** Float tensors also draw (and waste) the uniforms of the elements that fill no block, half-precision tensors do not. */
  readonly drawsRest: boolean;
}

/** The two normal numbers of two uniform numbers (Box-Muller), the cosine one first as on torch's CPU.
 *  u1, u2: in [0,1); u1 gives the angle, u2 the radius. */
export function normalPair(u1: number, u2: number, functions: TranscendentalFunctions): readonly [number, number] {
  const radius = Math.sqrt(-2 * functions.log(1 - u2));
  const angle = 2 * Math.PI * u1;
  return [radius * functions.cos(angle), radius * functions.sin(angle)];
}

/** Fills an array of at least 16 elements with normal numbers, as torch's CPU generator does for large tensors.
 *  Uniforms go into the array itself; each block of 16 becomes eight pairs. A rest is never transformed alone: the last 16 elements are drawn anew. */
export function fillNormalBlocks(values: Float32Array | Float64Array, fill: NormalFill): void {
  const size = values.length;
  const whole = size - (size % blockSize);
  const drawn = fill.drawsRest ? size : whole;
  for (let i = 0; i < drawn; i++) values[i] = fill.uniform();
  for (let start = 0; start < whole; start += blockSize) transformBlock(values, start, fill);
  if (whole === size) return;
  for (let i = size - blockSize; i < size; i++) values[i] = fill.uniform();
  transformBlock(values, size - blockSize, fill);
}

/** Everything is computed in double precision: torch's float32 logarithm, sine and cosine differ by up to 2e-6 between processors anyway. */
function transformBlock(values: Float32Array | Float64Array, start: number, fill: NormalFill): void {
  const { mean, std, functions } = fill;
  for (let i = start; i < start + half; i++) {
    const radius = Math.sqrt(-2 * functions.log(1 - values[i]!));
    const angle = 2 * Math.PI * values[i + half]!;
    values[i] = radius * functions.cos(angle) * std + mean;
    values[i + half] = radius * functions.sin(angle) * std + mean;
  }
}
