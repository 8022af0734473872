import { elementCount, float32ToBfloat16, float32ToFloat16, type NdArray } from "../array/index.ts";
import { MersenneTwister, type TwisterState } from "./mersenne-twister.ts";
import { blockSize, fillNormalBlocks, normalPair, preciseMath, uniformsOfBlocks } from "./normal.ts";

/** The dtypes of random real numbers, with their arrays (float16 and bfloat16 as bit patterns). */
interface FloatArrays {
  readonly float32: Float32Array;
  readonly float64: Float64Array;
  readonly float16: Uint16Array;
  readonly bfloat16: Uint16Array;
}

export type FloatDType = keyof FloatArrays;

/** The complete state of a torch generator; plain data that survives JSON. */
export interface TorchGeneratorState extends TwisterState {
  /** 32-bit outputs consumed since seeding. */
  readonly outputs: number;
  /** The second number of the last pair, kept for the next small draw of normal numbers. */
  readonly cachedNormal: number | null;
}

interface NormalOptions<Type extends FloatDType = FloatDType> {
  readonly dtype?: Type;
  readonly mean?: number;
  readonly std?: number;
}

interface UniformOptions<Type extends FloatDType = FloatDType> {
  readonly dtype?: Type;
  /** The range is [from, to); 0 and 1 by default. */
  readonly from?: number;
  readonly to?: number;
}

/** PyTorch's CPU generator: equal seeds give the numbers of `torch.manual_seed` in PyTorch 2.7 and newer, draw for draw.
 *  Integers and uniform numbers are exact, normal numbers are within 2e-6 (see `normal.ts`). */
export class TorchGenerator {
  #engine: MersenneTwister;
  #outputs = 0;
  #cachedNormal: number | null = null;

  /** seed: an integer, as a decimal string if it exceeds 2^53. Only its low 32 bits matter. */
  constructor(seed: number | bigint | string) {
    this.#engine = MersenneTwister.fromWord(lowWord(seed));
  }

  manualSeed(seed: number | bigint | string): void {
    this.#engine = MersenneTwister.fromWord(lowWord(seed));
    this.#outputs = 0;
    this.#cachedNormal = null;
  }

  static fromState(state: TorchGeneratorState): TorchGenerator {
    const generator = new TorchGenerator(0);
    generator.restore(state);
    return generator;
  }

  /** Continues from a state. */
  restore(state: TorchGeneratorState): void {
    this.#engine = MersenneTwister.fromState(state);
    this.#outputs = state.outputs;
    this.#cachedNormal = state.cachedNormal;
  }

  state(): TorchGeneratorState {
    return { ...this.#engine.state(), outputs: this.#outputs, cachedNormal: this.#cachedNormal };
  }

  /** 32-bit outputs consumed since seeding. */
  get outputs(): number {
    return this.#outputs;
  }

  /** Skips `outputs` 32-bit outputs. A cached normal number is kept. */
  skip(outputs: number): void {
    this.#engine.skip(outputs);
    this.#outputs += outputs;
  }

  /** The next 32 random bits. */
  u32(): number {
    this.#outputs++;
    return this.#engine.u32();
  }

  /** The next 64 random bits. */
  u64(): bigint {
    const high = BigInt(this.u32());
    return (high << 32n) | BigInt(this.u32());
  }

  /** A non-negative 63-bit integer: `tensor.random_()` of an int64 tensor. */
  random63(): bigint {
    return BigInt.asUintN(63, this.u64());
  }

  /** Normal numbers: `torch.randn`, or `torch.normal` with a mean and a standard deviation. */
  randn<Type extends FloatDType = "float32">(
    shape: readonly number[],
    options: NormalOptions<Type> = {},
  ): NdArray<FloatArrays[Type]> {
    const { dtype = "float32" as Type, mean = 0, std = 1 } = options;
    const isDouble = dtype === "float64";
    const functions = isDouble ? preciseMath : Math;
    const uniform = isDouble ? () => this.#uniform64() : () => this.#uniform32();
    return filledArray(dtype, shape, (values) => {
      const fill = { mean, std, uniform, functions, drawsRest: drawsRest(dtype) };
      if (values.length >= blockSize) fillNormalBlocks(values, fill);
      else for (let i = 0; i < values.length; i++) values[i] = this.#normal() * std + mean;
    });
  }

  /** Advances the generator as `randn` does, in a tenth of the time. */
  skipRandn(shape: readonly number[], dtype: FloatDType = "float32"): void {
    const size = elementCount(shape);
    if (size < blockSize) this.randn(shape, { dtype });
    else this.skip(uniformsOfBlocks(size, drawsRest(dtype)) * (dtype === "float64" ? 2 : 1));
  }

  /** Uniform numbers in [0, 1): `torch.rand`, or `tensor.uniform_` with a range. */
  rand<Type extends FloatDType = "float32">(
    shape: readonly number[],
    options: UniformOptions<Type> = {},
  ): NdArray<FloatArrays[Type]> {
    const { dtype = "float32" as Type, from = 0, to = 1 } = options;
    const array = filledArray(dtype, shape, (values) => {
      const isDouble = values instanceof Float64Array;
      const [start, end] = isDouble ? [from, to] : [Math.fround(from), Math.fround(to)];
      if (isDouble) for (let i = 0; i < values.length; i++) values[i] = this.#uniform64() * (end - start) + start;
      else {
        const width = Math.fround(end - start);
        for (let i = 0; i < values.length; i++) values[i] = Math.fround(this.#uniform32() * width) + start;
      }
    });
    if (array.data instanceof Uint16Array) closeRange(array.data, roundedBits(dtype, from), roundedBits(dtype, to));
    return array;
  }

  /** Ones with probability p, else zeros: `torch.bernoulli` of a tensor full of p. */
  bernoulli<Type extends FloatDType = "float32">(
    p: number,
    shape: readonly number[],
    options: { readonly dtype?: Type } = {},
  ): NdArray<FloatArrays[Type]> {
    return filledArray(options.dtype ?? ("float32" as Type), shape, (values) => {
      const isDouble = values instanceof Float64Array;
      for (let i = 0; i < values.length; i++)
        values[i] = Number(isDouble ? this.#uniform64() < p : this.#uniform32() < Math.fround(p));
    });
  }

  /** Integers in low..high-1, row-major: `torch.randint`. Bigints if the bounds are bigints. */
  randint(low: number, high: number, shape: readonly number[]): number[];
  randint(low: bigint, high: bigint, shape: readonly number[]): bigint[];
  randint(low: number | bigint, high: number | bigint, shape: readonly number[]): number[] | bigint[] {
    const size = elementCount(shape);
    const range = BigInt(high) - BigInt(low);
    const draw64 = () => BigInt(low) + (this.u64() % range);
    if (typeof low === "bigint")
      return Array.from({ length: size }, range < 1n << 28n ? () => low + (BigInt(this.u32()) % range) : draw64);
    // From 2^28 on torch draws 64 bits, so that the modulo stays fair.
    if (range >= 1n << 28n) return Array.from({ length: size }, () => Number(draw64()));
    return Array.from({ length: size }, () => low + (this.u32() % Number(range)));
  }

  /** The numbers 0..n-1 in random order: `torch.randperm`. n: below 2^32 / 20. */
  randperm(n: number): number[] {
    const order = Array.from({ length: n }, (_, i) => i);
    for (let i = 0; i < n - 1; i++) {
      const j = i + (this.u32() % (n - i));
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    return order;
  }

  /** A number in [0, 1), with 24 random bits. */
  #uniform32(): number {
    return (this.u32() & 0xffffff) * 2 ** -24;
  }

  /** A number in [0, 1), with 53 random bits. */
  #uniform64(): number {
    const high = this.u32();
    return ((high & 0x1fffff) * 2 ** 32 + this.u32()) * 2 ** -53;
  }

  #normal(): number {
    const cached = this.#cachedNormal;
    if (cached !== null) {
      this.#cachedNormal = null;
      return cached;
    }
    const angle = this.#uniform64();
    const [first, second] = normalPair(angle, this.#uniform64(), preciseMath);
    this.#cachedNormal = second;
    return first;
  }
}

/** The order of n items in the next epoch of a shuffled `torch.utils.data.DataLoader` (also one prepared by accelerate, in one process).
 *  Call it once at the start of every epoch: it draws two 64-bit numbers from the generator. */
export function drawEpochOrder(generator: TorchGenerator, n: number): number[] {
  generator.random63(); // the base seed of the loader's worker processes
  return new TorchGenerator(generator.random63()).randperm(n);
}

/** An array of the given shape and dtype, filled by `fill`; half precision is filled as float32 and rounded at the end, as torch does. */
function filledArray<Type extends FloatDType>(
  dtype: Type,
  shape: readonly number[],
  fill: (values: Float32Array | Float64Array) => void,
): NdArray<FloatArrays[Type]> {
  const size = elementCount(shape);
  const values = dtype === "float64" ? new Float64Array(size) : new Float32Array(size);
  fill(values);
  return { dtype, shape, data: rounded(dtype, values) as FloatArrays[Type] };
}

/** See NormalFill. */
function drawsRest(dtype: FloatDType): boolean {
  return dtype === "float64" || dtype === "float32";
}

/** The bit pattern of a number in half precision. */
function roundedBits(dtype: FloatDType, value: number): number {
  return dtype === "bfloat16" ? float32ToBfloat16(value) : float32ToFloat16(value);
}

function rounded(dtype: FloatDType, values: Float32Array | Float64Array): FloatArrays[FloatDType] {
  if (dtype === "float32" || dtype === "float64") return values;
  return Uint16Array.from(values, (value) => roundedBits(dtype, value));
}

/** Rounding to half precision can raise a number to the open end of the range; torch then returns the closed end. */
function closeRange(values: Uint16Array, from: number, to: number): void {
  for (let i = 0; i < values.length; i++) if (values[i] === to) values[i] = from;
}

function lowWord(seed: number | bigint | string): number {
  return Number(BigInt.asUintN(32, BigInt(seed)));
}
