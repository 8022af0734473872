/** Functions of the Box-Muller transform; `Math` has them. */
interface TranscendentalFunctions {
  log(value: number): number;
  cos(angle: number): number;
  sin(angle: number): number;
}

/** Fewer elements are drawn one by one in double precision; from here on torch transforms blocks of this size. */
export const blockSize = 16;

const half = blockSize / 2;

interface NormalFill {
  readonly mean: number;
  readonly std: number;
  /** Draws one number in [0, 1). */
  readonly uniform: () => number;
  readonly functions: TranscendentalFunctions;
  /** float32 and float64 tensors also draw (and waste) uniforms for the elements that fill no block; half-precision tensors do not. */
  readonly drawsRest: boolean;
}

/** Two normal numbers from two uniform numbers (Box-Muller), the cosine one first as on torch's CPU.
 *  u1, u2: in [0,1); u1 gives the angle, u2 the radius. */
export function normalPair(u1: number, u2: number, functions: TranscendentalFunctions): readonly [number, number] {
  const radius = Math.sqrt(-2 * functions.log(1 - u2));
  const angle = 2 * Math.PI * u1;
  return [radius * functions.cos(angle), radius * functions.sin(angle)];
}

/** Fills an array of at least 16 elements with normal numbers, as torch's CPU generator does for large tensors.
 *  Uniforms are drawn into the array itself; each block of 16 becomes eight pairs. A partial block is never transformed: the last 16 elements are drawn anew. */
export function fillNormalBlocks(values: Float32Array | Float64Array, fill: NormalFill): void {
  const size = values.length;
  const { whole, drawn } = blocksOf(size, fill.drawsRest);
  for (let i = 0; i < drawn; i++) values[i] = fill.uniform();
  for (let start = 0; start < whole; start += blockSize) transformBlock(values, start, fill);
  if (whole === size) return;
  for (let i = size - blockSize; i < size; i++) values[i] = fill.uniform();
  transformBlock(values, size - blockSize, fill);
}

/** The number of uniforms that `fillNormalBlocks` draws for `size` elements. */
export function uniformsOfBlocks(size: number, drawsRest: boolean): number {
  const { whole, drawn } = blocksOf(size, drawsRest);
  return whole === size ? drawn : drawn + blockSize;
}

/** whole: elements that fill blocks; drawn: uniforms drawn before the last block is redrawn. */
function blocksOf(size: number, drawsRest: boolean): { readonly whole: number; readonly drawn: number } {
  const whole = size - (size % blockSize);
  return { whole, drawn: drawsRest ? size : whole };
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

/** The same functions, rounded to the nearest double as in glibc: log of (0, 1], cos and sin of [0, 2 pi].
 *  V8's own miss the nearest double in up to 7 of 100 cases, which affects float64 normal numbers. A call takes some microseconds. */
export const preciseMath: TranscendentalFunctions = {
  log: preciseLog,
  cos: (angle) => cosine(angle, 0),
  sin: (angle) => cosine(angle, 3),
};

// Fixed-point arithmetic with 128 fractional bits.
const bits = 128n;

const scale = 2 ** Number(bits);
const one = 1n << bits;
const halfPi = 0x1921fb54442d18469898cc51701b839a2n;
const ln2 = 0xb17217f7d1cf79abc9e3b39803f2f6afn;

/** value = fraction * 2^-exponent with a fraction near 1; log(fraction) = 2 artanh((fraction - 1) / (fraction + 1)). */
function preciseLog(value: number): number {
  let exponent = 0;
  let fraction = value;
  for (; fraction < Math.SQRT1_2; fraction *= 2) exponent++;
  const exact = BigInt(fraction * scale);
  const ratio = ((exact - one) << bits) / (exact + one);
  const square = (ratio * ratio) >> bits;
  let sum = 0n;
  for (let power = ratio, n = 1n; power / n !== 0n; power = (power * square) >> bits, n += 2n) sum += power / n;
  return Number(2n * sum - BigInt(exponent) * ln2) / scale;
}

/** The cosine of the angle plus `rightAngles` right angles: Taylor's series within an eighth turn. */
function cosine(angle: number, rightAngles: number): number {
  const exact = BigInt(angle * scale);
  const quadrant = (exact + halfPi / 2n) / halfPi;
  const rest = exact - quadrant * halfPi;
  const turn = (Number(quadrant) + rightAngles) % 4;
  const parity = turn % 2;
  let sum = parity === 0 ? one : 0n;
  for (let n = 1, term = one; term !== 0n; n++) {
    term = ((term * rest) >> bits) / BigInt(n);
    if (n % 2 === parity) sum += n % 4 < 2 ? term : -term;
  }
  const value = Number(sum) / scale;
  return turn === 1 || turn === 2 ? -value : value;
}
