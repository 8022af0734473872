import { expect, test } from "vitest";
import { hasWord, renamedWord, withWord } from "./captions.ts";

test.each([
  ["", "a photo of mycat"],
  ["a cat on a sofa", "a mycat on a sofa"],
  ["catalogue of a cat", "catalogue of a mycat"],
  ["two mycats, one MyCat", "two mycat, one mycat"],
  ["on a sofa", "mycat, on a sofa"],
  ["a photo of mycat", "a photo of mycat"],
])("the word comes into %j where it belongs", (caption, expected) => {
  expect(withWord(caption, "mycat", "cat")).toBe(expected);
});

test("a word with signs of patterns is only itself", () => {
  expect(withWord("a (c+t) here", "c+t")).toBe("a (c+t) here");
  expect(hasWord("ccct", "c+t")).toBe(false);
  expect(withWord("x", "$&[")).toBe("$&[, x");
});

test("a new name takes the place of the whole word only", () => {
  expect(renamedWord("mycat and mycats, mycat", "mycat", "tom")).toBe("tom and mycats, tom");
  expect(renamedWord("a mycat", "mycat", "")).toBe("a mycat");
});
