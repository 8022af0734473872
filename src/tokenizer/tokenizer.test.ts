import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CoinageError } from "../errors/index.ts";
import {
  addLayeredPlaceholder,
  addPlaceholder,
  captionIds,
  createTokenizer,
  eosId,
  expandPlaceholder,
  initialVectors,
  layerTexts,
  promptTokens,
  tokenizePrompts,
} from "./index.ts";
import { cleanText, splitWords } from "./tokenizer.ts";
import { byteSymbols, readVocabulary, symbolsOf } from "./vocabulary.ts";

const merges = readFileSync(new URL("../../assets/clip-merges.txt", import.meta.url), "utf8");
const vocabulary = readVocabulary(merges);
const tokenizer = createTokenizer(merges, { padding: "eos" });
const entries = [...vocabulary.ids.keys()];

function failure(act: () => unknown): CoinageError {
  try {
    act();
  } catch (error) {
    if (error instanceof CoinageError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("vocabulary", () => {
  test("every byte has a symbol of its own, and every id an entry of its own", () => {
    expect(new Set(byteSymbols).size).toBe(256);
    expect(vocabulary.ids.size).toBe(49408);
    expect(entries.every((entry, id) => vocabulary.ids.get(entry) === id)).toBe(true);
  });

  test("is refused when lines are missing, accepted with Windows line ends", () => {
    expect(failure(() => readVocabulary(merges.slice(0, 1000))).code).toBe("TOKENIZER_INVALID");
    expect(readVocabulary(merges.replaceAll("\n", "\r\n")).ids).toEqual(vocabulary.ids);
  });
});

describe("encode", () => {
  test("loses nothing of the cleaned text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 30 }), (text) => {
        fc.pre(!text.includes("<|"));
        const written = tokenizer.encode(text).map((id) => entries[id]!);
        const words = splitWords(cleanText(text));
        expect(written.join("")).toBe(words.map((word) => `${symbolsOf(word).join("")}</w>`).join(""));
      }),
    );
  });

  test("knows words that JavaScript objects have as properties", () => {
    expect(tokenizer.encode("constructor toString __proto__")).toEqual([13321, 1208, 580, 9696, 3838, 44958, 3838]);
  });
});

describe("added tokens", () => {
  test("adding leaves the tokenizer as it was", () => {
    const before = tokenizer.encode("a hoge");
    const extended = tokenizer.addTokens(["hoge"]);
    expect(tokenizer.encode("a hoge")).toEqual(before);
    expect(tokenizer.idOf("hoge")).toBeUndefined();
    expect(extended.encode("a hoge")).toEqual([320, 49408]);
  });

  test("are found wherever they stand, the longest of those that begin first", () => {
    const extended = tokenizer.addTokens(["q1", "q12", "(a.b|c)"]);
    expect(extended.encode("xq12q1(a.b|c)")).toEqual([343, 49409, 49408, 49410]);
    expect(extended.encode("Q1")).not.toContain(49408);
  });

  test("adding the same token twice adds one", () => {
    expect(tokenizer.addTokens(["zwx1", "zwx1"]).addTokens(["zwx1", "zwx2"]).size).toBe(tokenizer.size + 2);
  });
});

describe("learned words", () => {
  test("a word that is an entry already is refused with one that is not", () => {
    const error = failure(() => addPlaceholder(tokenizer, "cat", 1, "--token_string cat"));
    expect(error.code).toBe("TOKEN_EXISTS");
    expect(error.message).toContain('"cat" is already a word');
    expect(error.where).toBe("--token_string cat");
    expect(error.hint).toContain("catx1");
  });

  test("so is a word of which a later vector's token exists, and one without a name", () => {
    const extended = tokenizer.addTokens(["ohwx2"]);
    expect(failure(() => addPlaceholder(extended, "ohwx", 3)).message).toContain('"ohwx2"');
    expect(failure(() => addPlaceholder(tokenizer, "", 1)).code).toBe("TOKEN_EMPTY");
  });

  test("the replaced caption holds the word's ids in order", () => {
    const { tokenizer: extended, placeholder: word } = addPlaceholder(tokenizer, "$&q", 4);
    expect(extended.encode(expandPlaceholder("a photo of $&q", word.tokens))).toEqual([320, 1125, 539, ...word.ids]);
  });

  test("of a word with layers each text has a variant a layer, with ids of its own", () => {
    const layers = ["IN01", "MID"];
    const { tokenizer: extended, placeholder: word } = addLayeredPlaceholder(tokenizer, "$&q", 2, layers);
    expect(word).toEqual({ tokens: ["$&q", "$&q1"], ids: [49408, 49409, 49410, 49411] });
    expect(["$&q_IN01", "$&q1_IN01", "$&q_MID", "$&q1_MID"].map((token) => extended.idOf(token))).toEqual(word.ids);
    const texts = layerTexts(expandPlaceholder("a photo of $&q", word.tokens), word.tokens, layers);
    expect(texts).toEqual(["a photo of $&q_IN01 $&q1_IN01", "a photo of $&q_MID $&q1_MID"]);
    expect(texts.map((text) => extended.encode(text))).toEqual([
      [320, 1125, 539, 49408, 49409],
      [320, 1125, 539, 49410, 49411],
    ]);
    expect(failure(() => addLayeredPlaceholder(tokenizer, "cat", 1, layers)).code).toBe("TOKEN_EXISTS");
  });

  test("an init word without tokens is refused", () => {
    expect(failure(() => initialVectors(tokenizer, " \t", 2)).code).toBe("INIT_WORD_EMPTY");
  });
});

describe("chunks", () => {
  const word = fc.constantFrom("cat", "house", "a", ",", "astronaut", "!");
  const texts = fc.array(word, { maxLength: 260 }).map((words) => words.join(" "));

  test("every chunk of a caption has 77 ids, and the text is in them in order", () => {
    fc.assert(
      fc.property(texts, fc.constantFrom(75, 150, 225), (text, maxTokenLength) => {
        const chunks = captionIds(tokenizer, text, maxTokenLength);
        expect(chunks.map(({ length }) => length)).toEqual(Array(maxTokenLength / 75).fill(77));
        const inner = chunks.flatMap((chunk) => chunk.slice(1, -1));
        const ids = tokenizer.encode(text).slice(0, maxTokenLength);
        expect(inner.slice(0, ids.length)).toEqual(ids);
        expect(inner.slice(ids.length).every((id) => id === eosId)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test("all prompts of a batch have as many chunks and weights as the longest", () => {
    fc.assert(
      fc.property(fc.array(texts, { minLength: 1, maxLength: 3 }), (prompts) => {
        const encoded = tokenizePrompts(tokenizer, prompts, { mode: "generation", maxChunks: 3 });
        const longest = Math.max(...encoded.map(({ ids }) => ids.length));
        for (const { inputIds, inputWeights } of encoded) {
          expect(inputIds.length).toBe(Math.max(1, Math.ceil(longest / 75)));
          expect(inputIds.every((chunk) => chunk.length === 77)).toBe(true);
          expect(inputWeights.length).toBe(77 * inputIds.length);
        }
      }),
      { numRuns: 30 },
    );
  });

  test("a prompt that is too long is cut and says so", () => {
    const long = promptTokens(tokenizer, "cat ".repeat(80), { mode: "preview", maxChunks: 1 });
    expect([long.ids.length, long.isTruncated]).toEqual([75, true]);
    const short = promptTokens(tokenizer, "cat ".repeat(75), { mode: "preview", maxChunks: 1 });
    expect([short.ids.length, short.isTruncated]).toEqual([75, false]);
  });
});
