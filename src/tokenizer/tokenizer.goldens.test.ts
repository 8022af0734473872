import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { describeGoldens, readJson } from "../../test/goldens.ts";
import { CoinageError } from "../errors/index.ts";
import {
  addPlaceholder,
  captionIds,
  createTokenizer,
  expandPlaceholder,
  initialVectors,
  type MaxTokenLength,
  parsePromptWeights,
  replacementsOf,
  type Tokenizer,
  tokenizePrompts,
} from "./index.ts";
import { cleanText } from "./tokenizer.ts";

const merges = readFileSync(new URL("../../assets/clip-merges.txt", import.meta.url), "utf8");

type TokenizerName = "v1" | "v2" | "xl2";

const tokenizers: Readonly<Record<TokenizerName, Tokenizer>> = {
  v1: createTokenizer(merges, { padding: "eos" }),
  v2: createTokenizer(merges, { padding: "bang" }),
  xl2: createTokenizer(merges, { padding: "zero" }),
};

interface EncodeCase {
  readonly name: string;
  readonly text: string;
  readonly cleaned: string | null;
  readonly ids: readonly number[];
  readonly ids_v2: readonly number[];
}

interface AddedCase {
  readonly name: string;
  readonly tokenizer: TokenizerName;
  readonly added: readonly string[];
  readonly count: number;
  readonly added_ids: readonly number[];
  readonly text: string;
  readonly ids: readonly number[];
}

interface CaptionCase {
  readonly name: string;
  readonly tokenizer: TokenizerName;
  readonly token_string: string;
  readonly num_vectors: number;
  readonly tokens: readonly string[];
  readonly token_ids: readonly number[];
  readonly caption: string;
  readonly replaced: string;
  readonly ids: readonly number[];
}

interface InitWordCase {
  readonly name: string;
  readonly tokenizer: TokenizerName;
  readonly init_word: string;
  readonly num_vectors: number;
  readonly init_ids: readonly number[];
  readonly used: readonly number[];
  readonly notice: boolean;
}

interface ChunkCase {
  readonly name: string;
  readonly tokenizer: TokenizerName;
  readonly max_token_length: MaxTokenLength;
  readonly added: readonly string[];
  readonly text: string;
  readonly input_ids: readonly (readonly number[])[];
}

type Pieces = readonly (readonly [string, number])[] | null;

interface WeightCase {
  readonly name: string;
  readonly text: string;
  readonly pieces: Pieces;
  readonly pieces_preview: Pieces;
}

interface PromptRecord {
  readonly text: string;
  readonly tokens: readonly number[];
  readonly weights: readonly number[];
  readonly input_ids: readonly (readonly number[])[];
  readonly input_weights: readonly number[];
}

interface PromptCase {
  readonly name: string;
  readonly mode: "generation" | "preview";
  readonly tokenizer: TokenizerName;
  readonly max_multiples: number;
  readonly added: readonly string[];
  readonly replacements: Readonly<Record<string, readonly string[]>>;
  readonly prompts: readonly PromptRecord[];
  readonly negatives: readonly PromptRecord[] | null;
}

/** The pieces as recorded: null if the prompt is refused. */
function pieces(text: string, knowsBreak: boolean): Pieces {
  try {
    return parsePromptWeights(text, { knowsBreak }).map((piece) => [piece.text, piece.weight] as const);
  } catch (error) {
    if (error instanceof CoinageError && error.code === "PROMPT_WEIGHT_INVALID") return null;
    throw error;
  }
}

describeGoldens("tokenizer", (folder) => {
  describe("text to ids", () => {
    test.each(readJson<EncodeCase[]>(folder, "encode.json"))("$name", ({ text, cleaned, ids, ids_v2 }) => {
      if (cleaned !== null) expect(cleanText(text)).toBe(cleaned);
      expect(tokenizers.v1.encode(text)).toEqual(ids);
      expect(tokenizers.xl2.encode(text)).toEqual(ids);
      expect(tokenizers.v2.encode(text)).toEqual(ids_v2);
    });
  });

  describe("added tokens", () => {
    test.each(readJson<AddedCase[]>(folder, "added.json"))("$name", (recorded) => {
      const before = tokenizers[recorded.tokenizer];
      const tokenizer = before.addTokens(recorded.added);
      expect(tokenizer.size - before.size).toBe(recorded.count);
      expect(recorded.added.map((token) => tokenizer.idOf(token))).toEqual(recorded.added_ids);
      expect(tokenizer.encode(recorded.text)).toEqual(recorded.ids);
    });
  });

  test.each(readJson<CaptionCase[]>(folder, "captions.json"))("a learned word in a caption: $name", (recorded) => {
    const { tokenizer, placeholder: word } = addPlaceholder(
      tokenizers[recorded.tokenizer],
      recorded.token_string,
      recorded.num_vectors,
    );
    expect(word.tokens).toEqual(recorded.tokens);
    expect(word.ids).toEqual(recorded.token_ids);
    const caption = expandPlaceholder(recorded.caption, word.tokens);
    expect(caption).toBe(recorded.replaced);
    expect(tokenizer.encode(caption)).toEqual(recorded.ids);
  });

  test.each(readJson<InitWordCase[]>(folder, "init_words.json"))("init word: $name", (recorded) => {
    const initial = initialVectors(tokenizers[recorded.tokenizer], recorded.init_word, recorded.num_vectors);
    expect(initial).toEqual({ ids: recorded.used, initIds: recorded.init_ids, isUneven: recorded.notice });
  });

  describe("training chunks", () => {
    test.each(readJson<ChunkCase[]>(folder, "chunks.json"))("$name", (recorded) => {
      const tokenizer = tokenizers[recorded.tokenizer].addTokens(recorded.added);
      expect(captionIds(tokenizer, recorded.text, recorded.max_token_length)).toEqual(recorded.input_ids);
    });
  });

  describe("prompt weights", () => {
    test.each(readJson<WeightCase[]>(folder, "weights.json"))("$name", (recorded) => {
      expect(pieces(recorded.text, true)).toEqual(recorded.pieces);
      expect(pieces(recorded.text, false)).toEqual(recorded.pieces_preview);
    });
  });

  describe("prompts", () => {
    test.each(readJson<PromptCase[]>(folder, "prompts.json"))("$name", (recorded) => {
      const tokenizer = tokenizers[recorded.tokenizer].addTokens(recorded.added);
      // In previews, words are replaced in the text, before this step.
      const words = Object.values(recorded.mode === "generation" ? recorded.replacements : {});
      const replacements = replacementsOf(
        words.map((tokens) => ({ tokens, ids: tokens.map((token) => tokenizer.idOf(token)!) })),
      );
      const records = [...recorded.prompts, ...(recorded.negatives ?? [])];
      const encoded = tokenizePrompts(
        tokenizer,
        records.map(({ text }) => text),
        { mode: recorded.mode, maxChunks: recorded.max_multiples, replacements },
      );
      records.forEach((record, i) => {
        expect(encoded[i]!.ids).toEqual(record.tokens);
        expect(encoded[i]!.weights).toEqual(record.weights);
        expect(encoded[i]!.inputIds).toEqual(record.input_ids);
        expect(encoded[i]!.inputWeights).toEqual(record.input_weights);
      });
    });
  });
});
