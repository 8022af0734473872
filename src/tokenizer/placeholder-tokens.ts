import { CoinageError } from "../errors/index.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** The placeholder tokens of a word of n vectors: `cat-toy`, `cat-toy1`, `cat-toy2`, ... */
export function placeholderTokens(word: string, vectors: number): string[] {
  return Array.from({ length: vectors }, (_, i) => (i === 0 ? word : `${word}${i}`));
}

/** The tokens added to a tokenizer for a word. */
interface PlaceholderTokens {
  readonly tokens: readonly string[];
  /** Token ids of its vectors. */
  readonly ids: readonly number[];
}

/** Adds a word of n vectors as new tokens with consecutive ids at the end of the vocabulary.
 *  where: what the user wrote, for the error. @throws TOKEN_EMPTY, or TOKEN_EXISTS if the vocabulary already has one of the tokens */
export function addPlaceholder(
  tokenizer: Tokenizer,
  word: string,
  vectors: number,
  where?: string,
): { readonly tokenizer: Tokenizer; readonly placeholder: PlaceholderTokens } {
  const place = where === undefined ? {} : { where };
  if (word === "")
    throw new CoinageError("TOKEN_EMPTY", "A learned word needs a name.", { hint: "Make one up: catx1", ...place });
  const tokens = placeholderTokens(word, vectors);
  const taken = tokens.find((token) => tokenizer.idOf(token) !== undefined);
  if (taken !== undefined)
    throw new CoinageError(
      "TOKEN_EXISTS",
      `"${taken}" is already a word of this model's tokenizer: if it were trained, no prompt could use the result.`,
      { hint: `Try a made-up word, for example: ${freeWord(tokenizer, word, vectors)}`, ...place },
    );
  const extended = tokenizer.addTokens(tokens);
  return { tokenizer: extended, placeholder: { tokens, ids: tokens.map((token) => extended.idOf(token)!) } };
}

/** A similar word none of whose tokens a tokenizer has. */
export function freeWord(tokenizer: Tokenizer, word: string, vectors: number): string {
  for (let number = 1; ; number++) {
    const candidate = `${word}x${number}`;
    if (placeholderTokens(candidate, vectors).every((token) => tokenizer.idOf(token) === undefined)) return candidate;
  }
}

/** Adds a word of n vectors for each layer (P+, XTI), layer after layer. `tokens` are those in captions; `ids`, n for each layer, those in `layerTexts`.
 *  differs from sd-scripts: the word's own tokens get ids as well, and those of the layers follow them.
 *  coinage: only the tokens of the layers get ids.
 *  because: no text that is encoded holds the word's own tokens.
 *  @throws the errors of addPlaceholder */
export function addLayeredPlaceholder(
  tokenizer: Tokenizer,
  word: string,
  vectors: number,
  layers: readonly string[],
  where?: string,
): ReturnType<typeof addPlaceholder> {
  const { tokens } = addPlaceholder(tokenizer, word, vectors, where).placeholder;
  const inLayers = layers.flatMap((layer) => tokensInLayer(tokens, layer));
  const extended = tokenizer.addTokens(inLayers);
  return { tokenizer: extended, placeholder: { tokens, ids: inLayers.map((token) => extended.idOf(token)!) } };
}

/** The tokens of a word in one layer of the U-Net: `cat-toy_IN01`, `cat-toy1_IN01`, ... */
function tokensInLayer(tokens: readonly string[], layer: string): string[] {
  return tokens.map((token) => `${token}_${layer}`);
}

/** A variant of a text for each layer: the layer's tokens replace those of the word wherever all of these follow one another. */
export function layerTexts(text: string, tokens: readonly string[], layers: readonly string[]): string[] {
  return layers.map((layer) => text.replaceAll(tokens.join(" "), () => tokensInLayer(tokens, layer).join(" ")));
}

/** Replaces the word's first token in a caption by all its tokens: `T` becomes `T T1 T2`, also inside other words, as in sd-scripts. */
export function expandPlaceholder(caption: string, tokens: readonly string[]): string {
  const [first] = tokens;
  return first === undefined || tokens.length === 1 ? caption : caption.replaceAll(first, () => tokens.join(" "));
}

/** All ids of each word of several vectors, by its first id, the only one that a prompt yields. */
export function replacementsOf(words: readonly PlaceholderTokens[]): Map<number, readonly number[]> {
  return new Map(words.filter(({ ids }) => ids.length > 1).map(({ ids }) => [ids[0]!, ids]));
}

/** The vectors from which a word starts. */
interface InitialVectors {
  /** For each vector of the word, the token whose vector it copies. */
  readonly ids: readonly number[];
  /** The tokens of the init word. */
  readonly initIds: readonly number[];
  /** Whether ids were repeated or cut although the init word has several tokens. */
  readonly isUneven: boolean;
}

/** The tokens that initialise a word of n vectors; an init word of fewer tokens is repeated.
 *  tokenizer: without the word. @throws INIT_WORD_EMPTY if the init word has no tokens */
export function initialVectors(tokenizer: Tokenizer, initWord: string, vectors: number): InitialVectors {
  const initIds = tokenizer.encode(initWord);
  if (initIds.length === 0)
    throw new CoinageError("INIT_WORD_EMPTY", `The init word "${initWord}" has no tokens to start from.`, {
      where: "--init_word",
      hint: "Give a word that roughly describes the images, for example: --init_word toy",
    });
  return {
    ids: Array.from({ length: vectors }, (_, i) => initIds[i % initIds.length]!),
    initIds,
    isUneven: initIds.length > 1 && initIds.length !== vectors,
  };
}
