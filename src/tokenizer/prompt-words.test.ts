import { describe, expect, test } from "vitest";
import { promptWords } from "./prompt-words.ts";

const entries = ["cat", "style", "anime", "sks"];
const wordsOf = (...names: readonly string[]) => promptWords(names, (text) => entries.includes(text));
const found = (names: readonly string[], prompt: string) =>
  wordsOf(...names)
    .find(prompt)
    .map(({ start, end, name }) => `${prompt.slice(start, end)}=${name}`);

describe("words are found in prompts", () => {
  test("as they are named: the leftmost first, the longest where several begin, also inside other words", () => {
    expect(found(["foo", "foobar", "bar (1)"], "xfoo foobar bar (1) bar")).toEqual([
      "foo=foo",
      "foobar=foobar",
      "bar (1)=bar (1)",
    ]);
  });

  test("in another letter case where they stand as a word and mean nothing else", () => {
    expect(found(["EasyPloofa"], "easyploofa, (EASYPLOOFA:1.2)")).toEqual([
      "easyploofa=EasyPloofa",
      "EASYPLOOFA=EasyPloofa",
    ]);
    expect(found(["EasyPloofa"], "easyploofas 1easyploofa")).toEqual([]);
    expect(found(["<Ploofa>"], "x<ploofa>y")).toEqual(["<ploofa>=<Ploofa>"]);
  });

  test("not in another letter case beside the word as named", () => {
    expect(found(["ploofa"], "ploofa PLOOFA")).toEqual(["ploofa=ploofa"]);
  });

  test("not in another letter case where two names differ in that only", () => {
    expect(found(["Ploofa", "ploofa"], "PLOOFA Ploofa")).toEqual(["Ploofa=Ploofa"]);
  });

  test("not in another letter case where the vocabulary has the word itself", () => {
    expect(found(["Sks", "Anime Style", "Cat-Toy"], "sks anime style, a cat-toy")).toEqual(["cat-toy=Cat-Toy"]);
    expect(found(["Sks"], "a photo of Sks")).toEqual(["Sks=Sks"]);
  });

  test("not where a name is what prompts mean something else by", () => {
    expect(found(["BREAK", "AND"], "a BREAK b AND c")).toEqual([]);
    expect(found(["BREAKfast", "Rock AND Roll"], "BREAKfast, Rock AND Roll")).toEqual([
      "BREAKfast=BREAKfast",
      "Rock AND Roll=Rock AND Roll",
    ]);
  });
});

test("a prompt is cut at names of brackets and spelled as named", () => {
  expect(wordsOf("Ploofa (1)", "EasyPloofa").parts("easyploofa ploofa (1) x")).toEqual([
    { text: "EasyPloofa ", isName: false },
    { text: "Ploofa (1)", isName: true },
    { text: " x", isName: false },
  ]);
  expect(wordsOf().parts("a (b)")).toEqual([{ text: "a (b)", isName: false }]);
});
