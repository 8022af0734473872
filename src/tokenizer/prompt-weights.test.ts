import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CoinageError } from "../errors/index.ts";
import { parsePromptWeights } from "./index.ts";

function parse(prompt: string, knowsBreak = false) {
  return parsePromptWeights(prompt, { knowsBreak });
}

describe("prompt weights", () => {
  test("a prompt without brackets is one piece", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const plain = text.replace(/[\\()[\]]/g, "");
        expect(parse(plain)).toEqual([{ text: plain, weight: 1 }]);
      }),
    );
  });

  test("escaped text comes back literally", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const escaped = text.replace(/[\\()[\]]/g, "\\$&");
        expect(parse(escaped)).toEqual([{ text, weight: 1 }]);
      }),
    );
  });

  test("no two neighbours have the same weight", () => {
    const pieces = fc.array(fc.constantFrom("a", "(", ")", "[", "]", ":1.5)", ":", "\\", " ", "b c"), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(pieces, (parts) => {
        const weights = parse(parts.join("")).map(({ weight }) => weight);
        expect(weights.every((weight, i) => i === 0 || weight !== weights[i - 1])).toBe(true);
      }),
    );
  });

  test("BREAK is a piece of its own in generation only", () => {
    expect(parse("a BREAK b", true).map(({ text }) => text)).toEqual(["a ", "BREAK", " b"]);
    expect(parse("a BREAK b").map(({ text }) => text)).toEqual(["a BREAK b"]);
  });

  test("full-width digits are digits", () => {
    expect(parse("(猫:１.２)")).toEqual([{ text: "猫", weight: 1.2 }]);
  });

  test("a weight that is no number is refused", () => {
    expect(() => parse("(a:1.2.3)")).toThrow(CoinageError);
    expect(parse("a:1.2.3)")).toEqual([{ text: "a:1.2.3)", weight: 1 }]);
  });
});
