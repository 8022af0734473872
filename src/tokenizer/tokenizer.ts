import { createWordEncoder, type WordEncoder } from "./byte-pairs.ts";
import { symbolsOf } from "./byte-symbols.ts";
import { anyOf, type PromptWords, promptWords } from "./prompt-words.ts";
import { bosId, bosToken, endOfWord, eosId, eosToken, parseVocabulary, type Vocabulary } from "./vocabulary.ts";
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
  /** The tokens that were added, as prompts write them. */
  readonly words: PromptWords;
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
  // leftmost first, the longest where several begin; no word boundaries; upper and lower case differ
  const pattern = anyOf(addedTokens.keys(), "u");
  let words: PromptWords | undefined;
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
    get words() {
      const learned = [...addedTokens].flatMap(([token, id]) => (id >= vocabulary.ids.size ? token : []));
      words ??= promptWords(learned, (text) => vocabulary.ids.has(symbolsOf(text).join("") + endOfWord));
      return words;
    },
  };
}
