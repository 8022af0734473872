import { adamRule } from "./adam.ts";
import { type OptimizerArguments, readArguments } from "./arguments.ts";
import { lionRule } from "./lion.ts";
import type { Slot, StateArray, UpdateRule } from "./optimizer.ts";
import { sgdRule } from "./torch-optim.ts";

/** Tables with fewer elements keep their state in 32 bits. */
const smallestSize = 4096;

/** AdamW with 8-bit state. Like all optimizers here, it follows bitsandbytes. Source: Dettmers 2021, "8-bit Optimizers via Block-wise Quantization". */
export function adamW8bit(given: OptimizerArguments): UpdateRule {
  const { min_8bit_size: smallest, ...args } = readArguments(given, {
    betas: [0.9, 0.999],
    eps: 1e-8,
    weight_decay: 0.01,
    min_8bit_size: smallestSize,
  });
  return quantized(adamRule({ ...args, amsgrad: false }, true), { mean: "signed", square: "unsigned" }, smallest);
}

export function lion8bit(given: OptimizerArguments): UpdateRule {
  const { min_8bit_size: smallest, ...args } = readArguments(given, {
    betas: [0.9, 0.99],
    weight_decay: 0,
    min_8bit_size: smallestSize,
  });
  return quantized(lionRule(args), { mean: "signed" }, smallest);
}

/** SGD with plain momentum: bitsandbytes accepts `nesterov` and `dampening` and ignores them. */
export function sgdNesterov8bit(given: OptimizerArguments): UpdateRule {
  const { momentum, weight_decay, min_8bit_size } = readArguments(given, {
    momentum: 0.9,
    dampening: 0,
    weight_decay: 0,
    min_8bit_size: smallestSize,
  });
  const rule = sgdRule({ momentum, weight_decay, dampening: 0, nesterov: false });
  return quantized(rule, { buffer: "signed" }, min_8bit_size);
}

/** A rule whose state is kept in 8-bit codes between steps. A step works on decoded values and moves the parameters before they
 *  are encoded again. Names: NAME.codes and NAME.largest. */
function quantized<Arrays extends string>(
  rule: UpdateRule<Arrays>,
  kinds: Readonly<Partial<Record<Arrays, DynamicCode>>>,
  smallest: number,
): UpdateRule {
  const coded = Object.entries(kinds) as [Arrays, DynamicCode][];
  const codesOf = (state: Slot["state"], name: string) => ({
    codes: state[`${name}.codes`] as Uint8Array,
    largest: state[`${name}.largest`] as Float32Array,
  });
  return {
    numbers: rule.numbers,
    init(parameters, shape, isFrozen) {
      const plain = rule.init(parameters, shape, isFrozen);
      if ((shape.totalRows ?? shape.rows) * shape.columns < smallest) return plain;
      const { length } = parameters;
      const state: Record<string, StateArray> = {};
      for (const [name] of coded) {
        state[`${name}.codes`] = new Uint8Array(length);
        state[`${name}.largest`] = new Float32Array(Math.ceil(length / blockSize));
      }
      return state;
    },
    step(slots, numbers, learningRate) {
      const isCoded = (slot: Slot) => `${coded[0]![0]}.codes` in slot.state;
      const decoded = slots.map((slot) => {
        if (!isCoded(slot)) return slot as Slot<Arrays>;
        const state = coded.map(([name, kind]) => {
          const { codes, largest } = codesOf(slot.state, name);
          return [name, decode(kind, codes, largest)];
        });
        return { ...slot, state: Object.fromEntries(state) as Slot<Arrays>["state"] };
      });
      rule.step(decoded, numbers, learningRate);
      slots.forEach((slot, i) => {
        if (!isCoded(slot)) return;
        for (const [name, kind] of coded) {
          const { codes, largest } = codesOf(slot.state, name);
          encode(decoded[i]!.state[name] as Float32Array, kind, codes, largest);
        }
      });
    },
  };
}

/** The 256 values of a "dynamic" 8-bit code, ascending: a sign (if signed), an exponent of base 10 in unary, and a linear fraction in the
 *  remaining bits. Source: Dettmers 2015, "8-Bit Approximations for Parallelism in Deep Learning". */
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

type DynamicCode = keyof typeof dynamicCodes;

/** Values that share one scale. */
const blockSize = 256;

/** Encodes blocks of numbers as code indices and their largest magnitudes. */
function encode(values: Float32Array, kind: DynamicCode, codes: Uint8Array, largest: Float32Array): void {
  const code = dynamicCodes[kind];
  for (let block = 0; block < largest.length; block++) {
    const end = Math.min(values.length, (block + 1) * blockSize);
    let scale = 0;
    for (let i = block * blockSize; i < end; i++) scale = Math.max(scale, Math.abs(values[i]!));
    largest[block] = scale;
    for (let i = block * blockSize; i < end; i++) codes[i] = scale === 0 ? 0 : nearest(code, values[i]! / scale);
  }
}

function decode(kind: DynamicCode, codes: Uint8Array, largest: Float32Array): Float32Array {
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
