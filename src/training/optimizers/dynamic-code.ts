/** The 256 values of a "dynamic" 8-bit code, ascending: a sign (where signed), an exponent of base 10 in unary, and a linear fraction in the
 *  bits that are left. Source: Dettmers 2015, "8-Bit Approximations for Parallelism in Deep Learning". */
function dynamicCode(signed: boolean): Float32Array {
  const exponents = 7;
  const values = [0, 1];
  for (let exponent = 0; exponent < exponents; exponent++) {
    const intervals = 2 ** (exponent + (signed ? 0 : 1));
    for (let i = 0; i < intervals; i++) {
      const middle = 0.1 + (0.9 * (i + 0.5)) / intervals;
      const value = middle * 10 ** (exponent - exponents + 1);
      values.push(value);
      if (signed) values.push(-value);
    }
  }
  return Float32Array.from(values).sort();
}

export const dynamicCodes = { signed: dynamicCode(true), unsigned: dynamicCode(false) } as const;

export type DynamicCode = keyof typeof dynamicCodes;

/** Values that share one scale. */
export const blockSize = 256;

/** Numbers of a block as code numbers and the largest magnitude. */
export function encode(values: Float32Array, kind: DynamicCode, codes: Uint8Array, largest: Float32Array): void {
  const code = dynamicCodes[kind];
  for (let block = 0; block < largest.length; block++) {
    const end = Math.min(values.length, (block + 1) * blockSize);
    let scale = 0;
    for (let i = block * blockSize; i < end; i++) scale = Math.max(scale, Math.abs(values[i]!));
    largest[block] = scale;
    for (let i = block * blockSize; i < end; i++) codes[i] = scale === 0 ? 0 : nearest(code, values[i]! / scale);
  }
}

export function decode(kind: DynamicCode, codes: Uint8Array, largest: Float32Array): Float32Array {
  const code = dynamicCodes[kind];
  return Float32Array.from(codes, (number, i) => code[number]! * largest[Math.floor(i / blockSize)]!);
}

function nearest(code: Float32Array, value: number): number {
  let low = 0;
  let high = code.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (code[middle]! <= value) low = middle;
    else high = middle;
  }
  return code[high]! - value < value - code[low]! ? high : low;
}
