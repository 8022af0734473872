import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { limits } from "../budget/index.ts";
import { CoinageError } from "../errors/index.ts";
import { parsePromptWeights } from "./index.ts";
import { promptWords } from "./prompt-words.ts";

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

  test("a weight that is not a number is refused", () => {
    expect(() => parse("(a:1.2.3)")).toThrow(CoinageError);
    expect(parse("a:1.2.3)")).toEqual([{ text: "a:1.2.3)", weight: 1 }]);
  });

  test("names are not read as weights; what surrounds them is", () => {
    const words = promptWords(["cat (1)", "a:2)", "cat"], () => false);
    const pieces = parsePromptWeights("(cat (1):1.5) a:2) \\(x\\) (cat)", { knowsBreak: true, words });
    expect(pieces).toEqual([
      { text: "cat (1)", weight: 1.5 },
      { text: " a:2) (x) ", weight: 1 },
      { text: "cat", weight: 1.1 },
    ]);
  });

  test("pieces that make up BREAK only together stand apart, too", () => {
    expect(parse("a BRE\\AK [b]", true)).toEqual([{ text: "a BREAK ", weight: 1 }, expect.anything()]);
    expect(parse("[a] BRE\\AK :b", true).map(({ text }) => text)).toEqual(["a", " BREAK ", ":b"]);
    expect(parse("[a] BRE \\AK :b", true).map(({ text }) => text)).toEqual(["a", " BRE AK :b"]);
    expect(parse("[a] BREA\\\\K :b", true).map(({ text }) => text)).toEqual(["a", " BREA\\K :b"]);
  });

  test("deep nesting is refused", () => {
    const most = limits.nesting.max;
    expect(parse("(".repeat(most)).length).toBe(1);
    expect(() => parse("(a[".repeat(20_000))).toThrow(expect.objectContaining({ code: "PROMPT_WEIGHT_INVALID" }));
  });

  test("200,000 pieces of one weight take no quadratic time", () => {
    expect(parse("a:".repeat(100_000), true)).toHaveLength(1);
    expect(parse(`${" ".repeat(100_000)}${":".repeat(100_000)}`, true)).toHaveLength(1);
  });
});
