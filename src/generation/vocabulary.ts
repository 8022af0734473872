import { arrayOf, type NdArray, toFloat32 } from "../array/index.ts";
import type { LearnedWord as LearnedVectors } from "../embedding/index.ts";
import { CoinageError } from "../errors/index.ts";
import type { ModelFamily } from "../models/index.ts";
import {
  addWord,
  createTokenizer,
  type Padding,
  replacementsOf,
  type Tokenizer,
  tokensOfWord,
} from "../tokenizer/index.ts";

/** The words prompts may use. */
export interface Vocabulary {
  /** One per text encoder, with the learned words added. */
  readonly tokenizers: readonly Tokenizer[];
  /** Vectors of the learned words per text encoder [vectors, width]: row i is that of the id 49408 + i. None: no learned words. */
  readonly rows?: readonly NdArray<Float32Array>[] | undefined;
  /** What the first id of a word of several vectors stands for. */
  readonly replacements?: ReadonlyMap<number, readonly number[]> | undefined;
}

const paddings: Readonly<Record<ModelFamily, readonly Padding[]>> = {
  sd1: ["eos"],
  sd2: ["bang"],
  sdxl: ["eos", "zero"],
};

/** A family's own words. mergesText: CLIP's table of merges. */
export function plainVocabulary(family: ModelFamily, mergesText: string): Vocabulary {
  return { tokenizers: paddings[family].map((padding) => createTokenizer(mergesText, { padding })) };
}

/** A learned word under the name it has in prompts. */
export interface NamedWord {
  readonly name: string;
  readonly vectors: LearnedVectors["vectors"];
  /** Where it comes from, for errors. */
  readonly file: string;
}

/** The vocabulary with learned words added: one of n vectors `S` as the tokens S, S1, ..., where S in a prompt stands for all of them.
 *  @throws TOKEN_EXISTS naming the file whose tokens are taken, TOKEN_EMPTY */
export function withLearnedWords(vocabulary: Vocabulary, words: readonly NamedWord[]): Vocabulary {
  if (words.length === 0) return vocabulary;
  const perEncoder = vocabulary.tokenizers.map((plain) => {
    let tokenizer = plain;
    const added = words.map(({ name, vectors, file }) => {
      const count = vectors[0]!.shape[0]!;
      const { word, ...rest } = addNamed(tokenizer, name, count, file);
      tokenizer = rest.tokenizer;
      return word;
    });
    return { tokenizer, added };
  });
  const rows = vocabulary.tokenizers.map((_, encoder) => {
    const tables = words.map(({ vectors }) => toFloat32(vectors[encoder]!));
    const known = vocabulary.rows?.[encoder];
    return stacked(known ? [known, ...tables] : tables);
  });
  return {
    tokenizers: perEncoder.map(({ tokenizer }) => tokenizer),
    rows,
    replacements: new Map([...(vocabulary.replacements ?? []), ...replacementsOf(perEncoder[0]!.added)]),
  };
}

function addNamed(tokenizer: Tokenizer, name: string, count: number, file: string): ReturnType<typeof addWord> {
  try {
    return addWord(tokenizer, name, count, file);
  } catch (error) {
    if (!(error instanceof CoinageError) || error.code !== "TOKEN_EXISTS") throw error;
    throw new CoinageError(
      "TOKEN_EXISTS",
      `The word "${name}" cannot be added: ${takenToken(tokenizer, name, count)} is a word already.`,
      {
        where: file,
        hint: "Words go by file names: give the file another name, one that no prompt would use otherwise.",
        cause: error,
      },
    );
  }
}

function takenToken(tokenizer: Tokenizer, name: string, count: number): string {
  return `"${tokensOfWord(name, count).find((token) => tokenizer.idOf(token) !== undefined)}"`;
}

function stacked(tables: readonly NdArray<Float32Array>[]): NdArray<Float32Array> {
  const width = tables[0]!.shape[1]!;
  const count = tables.reduce((sum, { shape }) => sum + shape[0]!, 0);
  const data = new Float32Array(count * width);
  let at = 0;
  for (const table of tables) {
    data.set(table.data, at);
    at += table.data.length;
  }
  return arrayOf([count, width], data);
}
