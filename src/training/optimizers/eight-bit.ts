import { adamRule } from "./adam.ts";
import { readArguments } from "./arguments.ts";
import { blockSize, type DynamicCode, decode, encode } from "./dynamic-code.ts";
import { lionRule } from "./lion.ts";
import type { Slot, StateArray, UpdateRule } from "./optimizer.ts";
import type { PythonArguments } from "./python-literal.ts";
import { sgdRule } from "./torch-optim.ts";

/** Tables with fewer elements keep their state in 32 bits. */
const smallestSize = 4096;

/** Each of these follows bitsandbytes. Source: Dettmers 2021, "8-bit Optimizers via Block-wise Quantization". */
export function adamW8bit(given: PythonArguments): UpdateRule {
  const { min_8bit_size: smallest, ...args } = readArguments(given, {
    betas: [0.9, 0.999],
    eps: 1e-8,
    weight_decay: 0.01,
    min_8bit_size: smallestSize,
  });
  return quantized(adamRule({ ...args, amsgrad: false }, true), { mean: "signed", square: "unsigned" }, smallest);
}

export function lion8bit(given: PythonArguments): UpdateRule {
  const { min_8bit_size: smallest, ...args } = readArguments(given, {
    betas: [0.9, 0.99],
    weight_decay: 0,
    min_8bit_size: smallestSize,
  });
  return quantized(lionRule(args), { mean: "signed" }, smallest);
}

/** The library accepts `nesterov` and `dampening` and ignores them: plain momentum. */
export function sgdNesterov8bit(given: PythonArguments): UpdateRule {
  const { momentum, weight_decay, min_8bit_size } = readArguments(given, {
    momentum: 0.9,
    dampening: 0,
    weight_decay: 0,
    min_8bit_size: smallestSize,
  });
  const rule = sgdRule({ momentum, weight_decay, dampening: 0, nesterov: false });
  return quantized(rule, { buffer: "signed" }, min_8bit_size);
}

/** A rule whose state lies in 8-bit codes between the steps. A step itself works on decoded values and moves the parameters before they
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
