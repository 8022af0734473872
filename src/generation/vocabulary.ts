import { arrayOf, concatenate, type NdArray, toFloat32 } from "../array/index.ts";
import { type LearnedEmbedding as LearnedVectors, vectorCount } from "../embedding/index.ts";
import { CoinageError } from "../errors/index.ts";
import type { ModelFamily } from "../models/index.ts";
import {
  addLayeredWord,
  addWord,
  createTokenizer,
  type Padding,
  replacementsOf,
  type Tokenizer,
  tokensOfWord,
} from "../tokenizer/index.ts";
import { callableName } from "./callable.ts";

/** The words prompts may use. */
export interface Vocabulary {
  /** One per text encoder, with the learned words added. */
  readonly tokenizers: readonly Tokenizer[];
  /** Vectors of the learned words per text encoder [vectors, width]: row i is that of the id 49408 + i. None: no learned words. */
  readonly rows?: readonly NdArray<Float32Array>[] | undefined;
  /** What the first id of a word of several vectors stands for. */
  readonly replacements?: ReadonlyMap<number, readonly number[]> | undefined;
  /** With words that have vectors for each layer of the U-Net (P+, XTI): what their ids stand for, layer after layer. */
  readonly layerReplacements?: readonly ReadonlyMap<number, readonly number[]>[] | undefined;
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
export interface NamedWord extends Pick<LearnedVectors, "vectors" | "layers"> {
  readonly name: string;
  /** Where it comes from, for errors. */
  readonly file: string;
}

/** The vocabulary with learned words added: one of n vectors `S` as the tokens S, S1, ..., where S in a prompt stands for all of them.
 *  @throws TOKEN_EXISTS naming the file whose tokens are taken, TOKEN_EMPTY */
export function withLearnedWords(vocabulary: Vocabulary, words: readonly NamedWord[]): Vocabulary {
  if (words.length === 0) return vocabulary;
  const perEncoder = vocabulary.tokenizers.map((plain) => {
    let tokenizer = plain;
    const added = words.map((named) => {
      const count = vectorCount(named);
      const { word, ...rest } = explained(tokenizer, named, () => addWord(tokenizer, named.name, count, named.file));
      tokenizer = rest.tokenizer;
      return word;
    });
    return { tokenizer, added };
  });
  const rows = vocabulary.tokenizers.map((_, encoder) => {
    const tables = words.map(({ vectors }) => toFloat32(vectors[encoder]!));
    const known = vocabulary.rows?.[encoder];
    return concatenate(known ? [known, ...tables] : tables);
  });
  return {
    ...vocabulary,
    tokenizers: perEncoder.map(({ tokenizer }) => tokenizer),
    rows,
    replacements: new Map([...(vocabulary.replacements ?? []), ...replacementsOf(perEncoder[0]!.added)]),
  };
}

/** The vocabulary of a model with one text encoder, with a word added that has vectors for each layer (P+, XTI).
 *  @throws as withLearnedWords */
export function withLayeredWord(
  vocabulary: Vocabulary,
  word: NamedWord & { readonly layers: readonly string[] },
): Vocabulary {
  const { name, layers, vectors, file } = word;
  const [plain] = vocabulary.tokenizers as [Tokenizer];
  const count = vectorCount(word);
  const { word: inLayers, ...added } = explained(plain, word, () => addLayeredWord(plain, name, count, layers, file));
  // Prompts hold the word's own tokens: their ids come last, with rows that no layer looks up.
  const tokenizer = added.tokenizer.addTokens(inLayers.tokens);
  const table = toFloat32(vectors[0]!);
  const width = table.shape[1]!;
  const unused = arrayOf([count, width], new Float32Array(count * width));
  return {
    ...vocabulary,
    tokenizers: [tokenizer],
    rows: [concatenate([...(vocabulary.rows ?? []), table, unused])],
    layerReplacements: layers.map((_, layer) => {
      const ids = inLayers.ids.slice(layer * count, (layer + 1) * count);
      const replaced = inLayers.tokens.map((token, i) => [tokenizer.idOf(token)!, i === 0 ? ids : [ids[i]!]] as const);
      return new Map([...(vocabulary.layerReplacements?.[layer] ?? []), ...replaced]);
    }),
  };
}

/** What adding a word gives, or the error with what to do about it here. */
function explained<Added>(tokenizer: Tokenizer, word: NamedWord, add: () => Added): Added {
  const { name, file } = word;
  const isTaken = (token: string) => tokenizer.idOf(token) !== undefined;
  try {
    return add();
  } catch (error) {
    if (!(error instanceof CoinageError) || error.code !== "TOKEN_EXISTS") throw error;
    throw new CoinageError(
      "TOKEN_EXISTS",
      `The word "${name}" cannot be added: ${takenToken(tokenizer, name, vectorCount(word))} is a word already.`,
      {
        where: file,
        hint: `Words go by file names. Call it by another word: ${callableName(name, vectorCount(word), isTaken)}=${file}`,
        cause: error,
      },
    );
  }
}

function takenToken(tokenizer: Tokenizer, name: string, count: number): string {
  return `"${tokensOfWord(name, count).find((token) => tokenizer.idOf(token) !== undefined)}"`;
}
