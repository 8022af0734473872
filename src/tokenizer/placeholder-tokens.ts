import { CoinageError } from "../errors/index.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** The tokens of a learned word of n vectors: `cat-toy`, `cat-toy1`, `cat-toy2`, ... */
export function tokensOfWord(word: string, vectors: number): string[] {
  return Array.from({ length: vectors }, (_, i) => (i === 0 ? word : `${word}${i}`));
}

/** A word that was added to a tokenizer. */
interface LearnedWord {
  readonly tokens: readonly string[];
  /** Of its vectors. */
  readonly ids: readonly number[];
}

/** Adds a word of n vectors as new tokens with consecutive ids at the end of the vocabulary.
 *  where: what the user wrote, for the error. @throws TOKEN_EMPTY, or TOKEN_EXISTS when one of the tokens is an entry of the vocabulary already. */
export function addWord(
  tokenizer: Tokenizer,
  word: string,
  vectors: number,
  where?: string,
): { readonly tokenizer: Tokenizer; readonly word: LearnedWord } {
  const place = where === undefined ? {} : { where };
  if (word === "")
    throw new CoinageError("TOKEN_EMPTY", "A learned word needs a name.", { hint: "Make one up: catx1", ...place });
  const tokens = tokensOfWord(word, vectors);
  const taken = tokens.find((token) => tokenizer.idOf(token) !== undefined);
  if (taken !== undefined)
    throw new CoinageError(
      "TOKEN_EXISTS",
      `"${taken}" is already a word of this model's tokenizer, so training it would change nothing you can call up.`,
      { hint: `Try a made-up word, for example: ${freeWord(tokenizer, word, vectors)}`, ...place },
    );
  const extended = tokenizer.addTokens(tokens);
  return { tokenizer: extended, word: { tokens, ids: tokens.map((token) => extended.idOf(token)!) } };
}

/** The tokens that stand for a word in one layer of the U-Net (P+, XTI): `cat-toy_IN01`, `cat-toy1_IN01`, ... */
function tokensInLayer(tokens: readonly string[], layer: string): string[] {
  return tokens.map((token) => `${token}_${layer}`);
}

/** Adds a word of n vectors for each layer, layer after layer. Its tokens are those that captions hold; its ids, n for each layer, are those of `layerTexts`.
 *  differs from sd-scripts: the word's own tokens get no ids, which no text would hold; there the first id of a layer comes n later.
 *  @throws what addWord throws */
export function addLayeredWord(
  tokenizer: Tokenizer,
  word: string,
  vectors: number,
  layers: readonly string[],
  where?: string,
): ReturnType<typeof addWord> {
  const { tokens } = addWord(tokenizer, word, vectors, where).word;
  const inLayers = layers.flatMap((layer) => tokensInLayer(tokens, layer));
  const extended = tokenizer.addTokens(inLayers);
  return { tokenizer: extended, word: { tokens, ids: inLayers.map((token) => extended.idOf(token)!) } };
}

/** A text in a variant for each layer, with the layer's tokens where all tokens of the word stand side by side. */
export function layerTexts(text: string, tokens: readonly string[], layers: readonly string[]): string[] {
  return layers.map((layer) => text.replaceAll(tokens.join(" "), () => tokensInLayer(tokens, layer).join(" ")));
}

/** What the first id of each word of several vectors stands for in a prompt: all its ids. */
export function replacementsOf(words: readonly LearnedWord[]): Map<number, readonly number[]> {
  return new Map(words.filter(({ ids }) => ids.length > 1).map(({ ids }) => [ids[0]!, ids]));
}

function freeWord(tokenizer: Tokenizer, word: string, vectors: number): string {
  for (let number = 1; ; number++) {
    const candidate = `${word}x${number}`;
    if (tokensOfWord(candidate, vectors).every((token) => tokenizer.idOf(token) === undefined)) return candidate;
  }
}

/** A caption in which every occurrence of the word stands for all its vectors: `T` becomes `T T1 T2`, also inside other words, as sd-scripts does. */
export function replaceWord(caption: string, tokens: readonly string[]): string {
  const [first] = tokens;
  return first === undefined || tokens.length === 1 ? caption : caption.replaceAll(first, () => tokens.join(" "));
}

/** Which vectors a learned word starts from. */
interface InitialVectors {
  /** For every vector of the word the token whose vector it copies. */
  readonly ids: readonly number[];
  /** The tokens of the init word. */
  readonly initIds: readonly number[];
  /** Whether ids were repeated or cut although the init word has several: worth a notice. */
  readonly isUneven: boolean;
}

/** The tokens from which a word of n vectors is initialised; an init word of fewer tokens is used over and over.
 *  tokenizer: before the word was added. @throws INIT_WORD_EMPTY when the init word has no tokens. */
export function initialVectors(tokenizer: Tokenizer, initWord: string, vectors: number): InitialVectors {
  const initIds = tokenizer.encode(initWord);
  if (initIds.length === 0)
    throw new CoinageError("INIT_WORD_EMPTY", `The init word "${initWord}" holds nothing to start from.`, {
      where: "--init_word",
      hint: "Give a word that describes the pictures roughly, for example: --init_word toy",
    });
  return {
    ids: Array.from({ length: vectors }, (_, i) => initIds[i % initIds.length]!),
    initIds,
    isUneven: initIds.length > 1 && initIds.length !== vectors,
  };
}
