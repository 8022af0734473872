import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createWordEncoder } from "./byte-pairs.ts";
import { readVocabulary, symbolsOf } from "./vocabulary.ts";

const merges = readFileSync(new URL("../../assets/clip-merges.txt", import.meta.url), "utf8");
const vocabulary = readVocabulary(merges);
const encode = createWordEncoder(vocabulary);

/** Byte-pair encoding as in the paper: each round merges the pair of lowest rank everywhere, from left to right. */
function encodedByRounds(word: string): number[] {
  let parts = symbolsOf(word).map((symbol, i, all) => (i === all.length - 1 ? `${symbol}</w>` : symbol));
  for (;;) {
    const ranks = parts.slice(1).map((right, i) => vocabulary.mergeRanks.get(`${parts[i]} ${right}`) ?? Infinity);
    const lowest = Math.min(...ranks);
    if (lowest === Infinity) return parts.map((part) => vocabulary.ids.get(part)!);
    const [left, right] = [parts[ranks.indexOf(lowest)], parts[ranks.indexOf(lowest) + 1]];
    const merged: string[] = [];
    for (let i = 0; i < parts.length; i++)
      merged.push(parts[i] === left && parts[i + 1] === right ? parts[i]! + parts[++i]! : parts[i]!);
    parts = merged;
  }
}

test("merges what merging round by round merges", () => {
  const letters = fc.constantFrom(..."aabcehilmnoprstt日本é!😀.");
  const words = fc.array(letters, { minLength: 1, maxLength: 60 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(words, (word) => {
      expect(encode(word)).toEqual(encodedByRounds(word));
    }),
    { numRuns: 2000 },
  );
});

test("a word of 100,000 letters takes about a second, not minutes", { timeout: 30_000 }, () => {
  let state = 1;
  const letters = Array.from({ length: 100_000 }, () => {
    state = (state * 48271) % 0x7fffffff;
    return String.fromCharCode(97 + (state % 26));
  });
  expect(encode(letters.join("")).length).toBeGreaterThan(40_000);
});
