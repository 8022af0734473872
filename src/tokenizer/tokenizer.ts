import { createWordEncoder, type WordEncoder } from "./byte-pairs.ts";
import { bosId, bosToken, eosId, eosToken, parseVocabulary, type Vocabulary } from "./vocabulary.ts";
import { cleanText, splitWords } from "./words.ts";

/** What fills a text up to the encoder's length:
 *  "eos" the end token (SD1, first encoder of SDXL); "bang" the token `!`, which therefore is a token of its own wherever it stands in a text (SD2);
 *  "zero" the id 0, which is `!` too but not in texts (second encoder of SDXL). */
export type Padding = "eos" | "bang" | "zero";

/** CLIP's tokenizer with the words added to it. It never changes: adding words gives another one. */
export interface Tokenizer {
  readonly padding: Padding;
  readonly padId: number;
  /** Entries of the vocabulary, added tokens included. */
  readonly size: number;
  /** The id of exactly this entry of the vocabulary or added token. Entries are pieces: "cat" is one beside the word, which is "cat</w>". */
  idOf(token: string): number | undefined;
  /** The ids of a text, without begin and end, of any length. */
  encode(text: string): number[];
  /** A tokenizer with these tokens as well: new ones get the next free ids in order; one that exists keeps its id but is now found anywhere in a text. */
  addTokens(tokens: Iterable<string>): Tokenizer;
}

/** The tokenizer that the slow `CLIPTokenizer` of Hugging Face with ftfy is. mergesText: see `parseVocabulary`. */
export function createTokenizer(mergesText: string, options: { readonly padding: Padding }): Tokenizer {
  const vocabulary = parseVocabulary(mergesText);
  const special = new Map([
    [bosToken, bosId],
    [eosToken, eosId],
  ]);
  if (options.padding === "bang") special.set("!", 0);
  return tokenizerWith(vocabulary, createWordEncoder(vocabulary), options.padding, special);
}

function tokenizerWith(
  vocabulary: Vocabulary,
  encodeWord: WordEncoder,
  padding: Padding,
  addedTokens: ReadonlyMap<string, number>,
): Tokenizer {
  const pattern = patternOf(addedTokens.keys());
  const size = vocabulary.ids.size + [...addedTokens.values()].filter((id) => id >= vocabulary.ids.size).length;

  const encodeSegment = (segment: string) =>
    splitWords(cleanText(segment)).flatMap((word) => {
      if (word === bosToken) return bosId;
      return word === eosToken ? eosId : encodeWord(word);
    });

  return {
    padding,
    padId: padding === "eos" ? eosId : 0,
    size,
    idOf: (token) => addedTokens.get(token) ?? vocabulary.ids.get(token),
    encode: (text) => text.split(pattern).flatMap((segment) => addedTokens.get(segment) ?? encodeSegment(segment)),
    addTokens(tokens) {
      const all = new Map(addedTokens);
      let next = size;
      for (const token of tokens)
        if (token !== "" && !all.has(token)) all.set(token, vocabulary.ids.get(token) ?? next++);
      return tokenizerWith(vocabulary, encodeWord, padding, all);
    },
  };
}

/** Finds added tokens in raw text: leftmost first, the longest where several begin; no word boundaries; upper and lower case differ. */
function patternOf(tokens: Iterable<string>): RegExp {
  const longestFirst = [...tokens].sort((a, b) => b.length - a.length);
  return new RegExp(`(${longestFirst.map((token) => token.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join("|")})`, "u");
}
