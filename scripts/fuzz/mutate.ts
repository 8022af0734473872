import type { Dice } from "./dice.ts";

/** Makes another input from one. */
export type Mutate = (input: Uint8Array, dice: Dice, seeds: readonly Uint8Array[]) => Uint8Array;

const oddIntegers = [
  0n,
  1n,
  2n,
  127n,
  128n,
  255n,
  256n,
  65535n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
];
const oddNumbers = [
  "0",
  "-0",
  "-1",
  "0.5",
  "1e400",
  "-1e400",
  "NaN",
  "9007199254740993",
  "1e-400",
  "00",
  "0x10",
  "1_000",
  "99999999999999999999",
];

/** Up to four changes of bits, bytes, numbers and ranges, regardless of their meaning. */
export const mutateBytes: Mutate = (input, dice, seeds) => {
  let bytes: Uint8Array = Uint8Array.from(input);
  for (let changes = 1 + dice.below(4); changes > 0; changes--) bytes = changedBytes(bytes, dice, seeds);
  return bytes;
};

function changedBytes(bytes: Uint8Array, dice: Dice, seeds: readonly Uint8Array[]): Uint8Array {
  const at = dice.below(bytes.length + 1);
  const rest = bytes.length - at;
  switch (dice.below(8)) {
    case 0:
      return spliced(bytes, at, Math.min(1, rest), Uint8Array.of((bytes[at] ?? 0) ^ (1 << dice.below(8))));
    case 1:
      return spliced(bytes, at, Math.min(1, rest), Uint8Array.of(dice.below(256)));
    case 2: {
      const width = dice.pick([1, 2, 4, 8]);
      return spliced(bytes, at, Math.min(width, rest), integerBytes(dice.pick(oddIntegers), width, dice.chance(0.5)));
    }
    case 3:
      return spliced(bytes, at, dice.length(rest), new Uint8Array());
    case 4:
      return spliced(bytes, at, 0, bytes.subarray(at, at + dice.length(rest)));
    case 5:
      return bytes.subarray(0, at);
    case 6: {
      const other = dice.pick(seeds);
      const from = dice.below(other.length + 1);
      return spliced(bytes, at, dice.length(rest), other.subarray(from, from + dice.length(other.length - from)));
    }
    default:
      return spliced(bytes, at, 0, new Uint8Array(dice.length(3000)).fill(dice.below(256)));
  }
}

function spliced(bytes: Uint8Array, at: number, removed: number, added: Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at + removed)]));
}

function integerBytes(value: bigint, width: number, isLittle: boolean): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  const low = bytes.subarray(0, width);
  return isLittle ? low : low.reverse();
}

/** Changes a text: inserts words of its language, repeats, nests, makes numbers odd. words: those with a meaning in that language. */
export function mutateText(words: readonly string[]): Mutate {
  return (input, dice, seeds) => {
    if (dice.chance(0.15)) return mutateBytes(input, dice, seeds);
    let text = Buffer.from(input).toString("utf8");
    for (let changes = 1 + dice.below(4); changes > 0; changes--) text = changedText(text, dice, words, seeds);
    return new TextEncoder().encode(text.slice(0, 200_000));
  };
}

function changedText(text: string, dice: Dice, words: readonly string[], seeds: readonly Uint8Array[]): string {
  const at = dice.below(text.length + 1);
  const [before, after] = [text.slice(0, at), text.slice(at)];
  const length = dice.length(after.length);
  switch (dice.below(8)) {
    case 0:
    case 1:
      return before + dice.pick(words) + after;
    case 2:
      return before + after.slice(length);
    case 3:
      return before + after.slice(0, Math.min(100, length)).repeat(dice.length(200)) + after;
    case 4: {
      const numbers = [...text.matchAll(/-?\d+(?:\.\d+)?/g)];
      if (numbers.length === 0) return before + dice.pick(oddNumbers) + after;
      const { index, 0: number } = dice.pick(numbers);
      return text.slice(0, index) + dice.pick(oddNumbers) + text.slice(index + number.length);
    }
    case 5:
      return before + dice.pick(words).repeat(dice.length(5000)) + after;
    case 6:
      return before + Buffer.from(dice.pick(seeds)).toString("utf8").slice(0, 1000) + after;
    default:
      return (
        before +
        String.fromCodePoint(
          dice.pick([0, 9, 10, 13, 0x1b, 0x85, 0xa0, 0x202e, 0xd7ff, 0xfeff, 0xfffd, 0x1f600, dice.below(0xd800)]),
        ) +
        after
      );
  }
}

const oddValues: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  0.5,
  1e308,
  2 ** 53,
  "",
  "x",
  "__proto__",
  [],
  {},
  [[]],
  [null],
  { toString: 1 },
  { length: -1 },
  nested(50),
  nested(2000),
];

function nested(depth: number): unknown {
  let value: unknown = [];
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { a: value };
  return value;
}

/** A JSON value with one of its parts replaced, removed, renamed or repeated. */
export function mutateJson(value: unknown, dice: Dice): unknown {
  if (typeof value !== "object" || value === null || dice.chance(0.15)) return dice.pick(oddValues);
  const entries = Object.entries(value);
  if (entries.length === 0) return dice.pick(oddValues);
  const chosen = dice.below(entries.length);
  const [key, part] = entries[chosen]!;
  if (Array.isArray(value)) {
    const items = [...value];
    if (dice.chance(0.2)) items.splice(chosen, dice.below(2), ...new Array<unknown>(dice.length(300)).fill(part));
    else items[chosen] = mutateJson(part, dice);
    return items;
  }
  if (dice.chance(0.1)) entries.splice(chosen, 1);
  else if (dice.chance(0.15))
    entries[chosen] = [dice.pick(["__proto__", "constructor", "toString", "", "a\u001b[2J", "length"]), part];
  else entries[chosen] = [key, mutateJson(part, dice)];
  // Not fromEntries: a key __proto__ must appear in the text, and such an object would hide it.
  return entries.reduce(
    (object, [name, item]) =>
      Object.defineProperty(object, name, { value: item, enumerable: true, configurable: true, writable: true }),
    {},
  );
}
