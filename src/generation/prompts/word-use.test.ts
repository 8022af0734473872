import { beforeAll, describe, expect, test } from "vitest";
import { arrayOf } from "../../array/index.ts";
import { clipMerges } from "../../assets/index.ts";
import { samplingOf } from "../../pipeline/request.ts";
import { type PromptVocabulary, plainVocabulary, withEmbeddings } from "../../pipeline/vocabulary.ts";
import { placeholderTokens } from "../../tokenizer/index.ts";
import { planImages } from "./plan.ts";
import { WordUse } from "./word-use.ts";

let plain: PromptVocabulary;
beforeAll(async () => {
  plain = plainVocabulary("sd1", await clipMerges());
});

interface Given {
  /** Two vectors each. */
  readonly names: readonly string[];
  readonly token?: string;
  readonly guidanceScale?: number;
  readonly maxEmbeddingsMultiples?: number;
}

function planned({ names, token, ...sampling }: Given, lines: readonly string[]) {
  const words = names.map((name) => ({ name, file: `${name}.pt`, token, tokens: placeholderTokens(name, 2) }));
  const vectors = [arrayOf([2, 4], new Float32Array(8))];
  const vocabulary = withEmbeddings(
    plain,
    words.map((word) => ({ ...word, vectors, layers: undefined })),
  );
  const plan = planImages(
    lines.map((text) => ({ text, place: "--prompt" })),
    {
      sampling: samplingOf({ prompt: "", ...sampling }, "sd1"),
      ...{ seed: 1, imagesPerPrompt: 1, iterations: 1, batchSize: 1 },
      ...{ shufflesPrompts: false, iterSameSeed: false, initImages: [], masks: [] },
      words: vocabulary.tokenizers[0]!.words,
    },
  );
  return { use: new WordUse(vocabulary, words), plan };
}

function warnings(given: Given | string, ...lines: readonly string[]): string[] {
  const { use, plan } = planned(typeof given === "string" ? { names: [given] } : given, lines);
  use.add(plan);
  return use.warnings();
}

describe("a word is used", () => {
  test.each([
    ["as it is named", "catx", "a catx on grass"],
    ["in another letter case", "EasyCatx", "an easycatx"],
    ["with brackets", "catx (1)", "a catx (1), (blue:1.2)"],
    ["with brackets, in another letter case, weighted", "Catx[v2]", "a ((catx[v2]):1.2)"],
    ["with brackets behind backslashes", "catx (1)", "a catx \\(1\\)"],
    ["with a colon and a number that is no weight", "a:1.2.3)", "(a:1.2.3):1.1)"],
    ["with a backslash", "cat\\x", "a cat\\x"],
    ["with braces", "catx{v|w}", "a {red|blue} catx{v|w}"],
    ["with AND, which joins no regions then", "Tom AND Jerry", "a photo of Tom AND Jerry"],
    ["with BREAK", "BREAKfastx", "a BREAKfastx"],
    ["in a negative prompt", "catx", "a dog --n catx"],
    ["by its second vector alone", "catx", "a catx1"],
    ["in one of several prompts", "catx", "a dog", "a catx", "a bird"],
    ["in one of a line's choices", "catx", "{e$$a dog|a catx}"],
    ["in a later piece of the prompt", "catx", "a BREAK catx"],
  ])("%s", (_, name, ...lines) => {
    expect(warnings({ names: [name], maxEmbeddingsMultiples: 3 }, ...lines)).toEqual([]);
  });
});

describe("a word that is not used is reported with the nearest reason", () => {
  const reasons: readonly (readonly [string, Given, string, RegExp])[] = [
    ["none", { names: ["catx"] }, "a dog", /catx\.pt, so it changes nothing.*"a photo of catx"/],
    ["a letter case with a meaning", { names: ["Style"] }, "in the style of", /"style", which in this letter case/],
    [
      "a letter case two names share",
      { names: ["Catx", "catx"] },
      "a CATX, Catx",
      /"CATX", which could also mean "Catx"/,
    ],
    ["a letter case inside a word", { names: ["Catx"] }, "two catxs", /"catxs", which has it in another letter case/],
    ["a blank", { names: ["my catx"] }, "a my_catx", /"my_catx", with other spaces.*Write "my catx"/],
    ["no blank", { names: ["mycatx"] }, "a my catx", /"my catx", with other spaces/],
    ["brackets", { names: ["catx (1)"] }, "a catx(1)", /"catx\(1\)", with other spaces, brackets/],
    ["part of another", { names: ["catx", "catxy"] }, "a catxy", /"catx" only as part of "catxy"/],
    ["its beginning", { names: ["mycatx-000005"] }, "a mycatx", /contain "mycatx". Write "mycatx-000005"/],
    ["its name in training", { names: ["v3-final"], token: "catx" }, "a catx", /"catx", as it was called in training/],
    ["a similar name", { names: ["ploofa"] }, "a plofa", /"plofa"/],
    ["the cut", { names: ["catx"] }, `${"very ".repeat(80)}catx`, /first 75 tokens.*--max_embeddings_multiples 2/],
    ["no guidance", { names: ["catx"], guidanceScale: 1 }, "a dog --n catx", /negative prompts only.*--scale/],
    ["an option", { names: ["catx --n y"] }, "a catx --n y", /" --" in a prompt begins an option/],
    ["BREAK", { names: ["BREAK"] }, "a BREAK", /begins a new chunk/],
  ];
  test.each(reasons)("%s", (_, given, line, message) => {
    expect(warnings(given, line)).toEqual([expect.stringMatching(message)]);
  });

  test("many without a reason in one warning", () => {
    const names = Array.from({ length: 8 }, (_, i) => `wxq${"abcdefgh"[i]}zy`);
    expect(warnings({ names }, "a dog")).toEqual([expect.stringMatching(/wxqazy\.pt, .* and 3 more/)]);
  });
});

test.each([
  ["a photo of embedding:catx, on grass", /"embedding:catx", as ComfyUI writes a word\..*write "catx"/],
  ["(Embedding:CATX:1.2)", /"Embedding:CATX", as ComfyUI/],
  ["a <catx>", /"<catx>", as InvokeAI/],
])("a word called as another program calls it is reported: %s", (prompt, message) => {
  expect(warnings("catx", prompt)).toEqual([expect.stringMatching(message)]);
  expect(warnings("catx", "embeddings: catx, a < catx >, b>catx<c")).toEqual([]);
  expect(warnings("<catx>", "a <catx>")).toEqual([]);
});

test("a word inside longer words only is reported, unless it stands alone somewhere", () => {
  expect(warnings("catx", "a catx5y")).toEqual([expect.stringContaining('"catx" is used inside "catx5y" only')]);
  expect(warnings("catx", "a catx5y", "a catx, blue")).toEqual([]);
});

test("what a typed prompt nearly means is reported, not every word that it does not use", () => {
  const misses = (...lines: readonly string[]) => {
    const { use, plan } = planned({ names: ["catx (1)", "ploofa"] }, lines);
    use.add(plan);
    return use.nearMisses(plan);
  };
  expect(misses("a dog")).toEqual([]);
  expect(misses("a catx_1")).toEqual([expect.stringContaining('"catx (1)" is not in the prompt')]);
});
