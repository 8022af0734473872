import fc from "fast-check";
import { expect, test } from "vitest";
import { plainCaptions } from "../../../test/datasets.ts";
import { PythonRandom } from "../../random/index.ts";
import { processCaption, strip } from "./caption.ts";

const state = { epoch: 1, step: 0, maxTrainSteps: 10, replacements: [] };
const drawn = (caption: string, settings: Partial<typeof plainCaptions>) =>
  processCaption(caption, { ...plainCaptions, ...settings }, state, new PythonRandom(1));

test("shuffled tags keep the separator that split them", () => {
  const shuffled = drawn("a; b, c; d", { captionSeparator: ";", shuffleCaption: true });
  expect(shuffled.split("; ").sort()).toEqual(["a", "b, c", "d"]);
});

test("wildcards are found where the reference's regular expression finds them", () => {
  const reference = (text: string) =>
    text
      .replaceAll("{{", "(")
      .replaceAll("}}", ")")
      .replace(/\{([^}]+)\}/g, (_, alternatives: string) => alternatives.split("|")[0]!)
      .replaceAll("(", "{")
      .replaceAll(")", "}");
  const first = { choice: <Item>(items: readonly Item[]) => items[0]! } as PythonRandom;
  const characters = fc.constantFrom("{", "}", "|", "a", "b");
  const text = fc.array(characters, { maxLength: 12 }).map((parts) => parts.join(""));
  const settings = { ...plainCaptions, enableWildcard: true };
  fc.assert(fc.property(text, (caption) => processCaption(caption, settings, state, first) === reference(caption)));
});

test("white space as Python has it is stripped from the ends only", () => {
  expect(strip("\u2003\x1f a \u00a0 b\u3000\r\n")).toBe("a \u00a0 b");
  expect(strip(" \t ")).toBe("");
});

test("captions of a million blanks or braces take linear time", () => {
  const [blanks, braces, standIns] = [" ", "{ ", "⦅"].map((piece) => piece.repeat(1_000_000));
  expect(strip(`a${blanks}b`)).toHaveLength(1_000_002);
  expect(drawn(`a${blanks}b`, { shuffleCaption: true })).toHaveLength(1_000_002);
  expect(drawn(braces!, { enableWildcard: true })).toBe(braces);
  expect(drawn(standIns!, { enableWildcard: true })).toBe(standIns);
});
