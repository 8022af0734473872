import { expect, test } from "vitest";
import { type Naming, nameForAll, namingProblems } from "./other-programs.ts";

const naming: Naming = { vectors: 1, isTaken: (name) => ["cat", "last", "catx1", "word"].includes(name) };

test.each(["mycat", "MyCat", "my-cat_2.v1", "x"])("%s is a name for all programs", (name) => {
  expect(namingProblems(name, naming)).toEqual([]);
  expect(nameForAll(name, naming)).toBe(name);
});

test.each([
  ["mycat (1)", /A1111, Forge and ComfyUI .*mycat \\\(1\\\).*ComfyUI ends .*InvokeAI/, "mycat-1"],
  ["last", /word of the model/, "lastx1"],
  ["cat", /word of the model/, "catx2"],
  ["my cat", /^ComfyUI ends a name at a space$/, "my-cat"],
  ["mycat ", /InvokeAI/, "mycat"],
  ["mycat,", /^ComfyUI strips commas from a name$/, "mycat"],
  ["café", /InvokeAI/, "cafe"],
  ["猫", /InvokeAI/, "wordx1"],
  ["a AND b", /A1111 and Forge split/, "a-and-b"],
  ["a --n b", /option of the prompt/, "a-n-b"],
  ["{a|b}", /choices/, "a-b"],
  ["mycat.safetensors", /already ends like a file name/, "mycat"],
  ["MyCat.v2.PT", /already ends like a file name/, "MyCat.v2"],
])("%j is not: what goes wrong is told by program, and a name that works", (name, problems, better) => {
  expect(namingProblems(name, naming).join("; ")).toMatch(problems);
  expect(nameForAll(name, naming)).toBe(better);
});

test("capitals lose vectors where there are several", () => {
  const several = { ...naming, vectors: 3 };
  expect(namingProblems("MyCat", several)).toEqual([expect.stringContaining("diffusers on Transformers 5")]);
  expect(nameForAll("MyCat", several)).toBe("mycat");
});
