import { arrayOf, elementCount, type NdArray } from "../array/index.ts";

type Words = readonly [number, number, number, number];

/** Philox4x32-10: four random words from a counter of four words and a key of two. Source: Salmon et al. 2011. */
export function philox(counter: Words, key: readonly [number, number]): Words {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const [high0, low0] = product(c0, 0xd2511f53);
    const [high1, low1] = product(c2, 0xcd9e8d57);
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0];
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [c0, c1, c2, c3];
}

const threadsPerBlock = 256;

/** PyTorch's CUDA generator: the normal numbers that a GPU draws for a seed, to about 1e-6.
 *  Of what a GPU draws at once beyond its resident threads the numbers depend on its model. */
export class CudaGenerator {
  readonly #key: readonly [number, number];
  readonly #maxBlocks: number;
  #offset = 0;

  /** maxBlocks: blocks of 256 threads that the imitated GPU runs at once (multiprocessors x 6 or 8); so many that it does not matter unless told. */
  constructor(seed: number | bigint | string, maxBlocks = Number.POSITIVE_INFINITY) {
    const bits = BigInt.asUintN(64, BigInt(seed));
    this.#key = [Number(bits & 0xffffffffn), Number(bits >> 32n)];
    this.#maxBlocks = maxBlocks;
  }

  /** Normal numbers: `torch.randn(shape, device="cuda")`. */
  randn(shape: readonly number[]): NdArray<Float32Array> {
    const size = elementCount(shape);
    const threads = threadsPerBlock * Math.min(Math.ceil(size / threadsPerBlock), this.#maxBlocks);
    const values = new Float32Array(size);
    for (let thread = 0; thread < Math.min(threads, size); thread++)
      for (let i = thread, pack = 0; i < size; pack++) {
        const counter = this.#offset / 4 + pack;
        const words = philox([counter >>> 0, Math.floor(counter / 2 ** 32), thread, 0], this.#key);
        for (let component = 0; component < 4 && i < size; component++, i += threads)
          values[i] = normalOf(words, component);
      }
    if (size > 0) this.#offset += 4 * (Math.floor((size - 1) / (4 * threads)) + 1);
    return arrayOf(shape, values);
  }
}

const { fround } = Math;
const turn = fround(2 ** -32 * fround(2 * Math.PI));

/** One of the four normal numbers of four words (two Box-Muller pairs), in float32 as the GPU computes; the sine comes first. */
function normalOf(words: Words, component: number): number {
  const [x, y] = component < 2 ? [words[0], words[1]] : [words[2], words[3]];
  const uniform = fround(fround(x) * 2 ** -32 + 2 ** -33);
  const angle = fround(fround(y) * turn + turn / 2);
  const radius = Math.sqrt(-2 * Math.log(uniform));
  return radius * (component % 2 === 0 ? Math.sin(angle) : Math.cos(angle));
}

/** The high and the low word of a 64-bit product. */
function product(a: number, b: number): readonly [number, number] {
  const [aHigh, aLow, bHigh, bLow] = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff];
  const middle = aHigh * bLow + Math.floor((aLow * bLow) / 0x10000);
  const carry = aLow * bHigh + (middle % 0x10000);
  return [aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000), Math.imul(a, b) >>> 0];
}
