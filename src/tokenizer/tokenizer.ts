import { createWordEncoder, type WordEncoder } from "./byte-pairs.ts";
import { anyOf, type PromptWords, promptWords } from "./prompt-words.ts";
import { repairText } from "./text-repair/repair-text.ts";
import {
  bosId,
  bosToken,
  type ClipVocabulary,
  endOfWord,
  eosId,
  eosToken,
  readVocabulary,
  symbolsOf,
} from "./vocabulary.ts";

/** What pads a text to the encoder's length:
 *  "eos" the end token (SD1, first encoder of SDXL); "bang" the token `!`, which therefore is a token of its own wherever it occurs in a text (SD2);
 *  "zero" the id 0, which is also `!` but not in texts (second encoder of SDXL). */
export type Padding = "eos" | "bang" | "zero";

/** CLIP's tokenizer with added words. It is immutable: adding words returns another one. */
export interface Tokenizer {
  readonly padding: Padding;
  readonly padId: number;
  /** Entries of the vocabulary, added tokens included. */
  readonly size: number;
  /** The id of exactly this entry of the vocabulary or added token. Entries are pieces: "cat" is one, and the word "cat</w>" another. */
  idOf(token: string): number | undefined;
  /** The ids of a text, without begin and end, of any length. */
  encode(text: string): number[];
  /** A tokenizer with more tokens: new ones get the next free ids in order; one that exists keeps its id but is now found anywhere in a text. */
  addTokens(tokens: Iterable<string>): Tokenizer;
  /** The added tokens, for finding them in prompts. */
  readonly words: PromptWords;
}

/** A tokenizer equal to Hugging Face's slow `CLIPTokenizer` with ftfy. mergesText: see `readVocabulary`. */
export function createTokenizer(mergesText: string, options: { readonly padding: Padding }): Tokenizer {
  const vocabulary = readVocabulary(mergesText);
  const special = new Map([
    [bosToken, bosId],
    [eosToken, eosId],
  ]);
  if (options.padding === "bang") special.set("!", 0);
  return tokenizerWith(vocabulary, createWordEncoder(vocabulary), options.padding, special);
}

function tokenizerWith(
  vocabulary: ClipVocabulary,
  encodeWord: WordEncoder,
  padding: Padding,
  addedTokens: ReadonlyMap<string, number>,
): Tokenizer {
  // leftmost first, the longest where several start; no word boundaries; case-sensitive
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

/** White space according to Python and Unicode. JavaScript's `\s` lacks U+0085 and includes U+FEFF, which is none. */
const whiteSpace = String.raw`\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000`;
const whiteSpaceRun = new RegExp(`[${whiteSpace}]+`, "gu");

/** CLIP's pattern. The reference matches it case-insensitively, which matters twice in lower-cased text: the long s (ſ) counts as an s,
 *  and U+0345, a mark whose capital is the letter iota, matches nothing and is dropped. */
const wordPattern = new RegExp(
  [
    String.raw`<\|[sſ]tartoftext\|>|<\|endoftext\|>`,
    "'(?:[sſ]|t|re|ve|m|ll|d)",
    String.raw`\p{L}+`,
    String.raw`\p{N}`,
    String.raw`[^${whiteSpace}\p{L}\p{N}\u0345]+`,
  ].join("|"),
  "gu",
);

/** The text in the vocabulary's form: repaired, in lower case, with single spaces. */
export function cleanText(text: string): string {
  return repairText(text).replace(whiteSpaceRun, " ").replace(/^ | $/g, "").toLowerCase();
}

/** The words of cleaned text: contractions, runs of letters, single digits, runs of other signs. */
export function splitWords(cleaned: string): readonly string[] {
  return cleaned.match(wordPattern) ?? [];
}

const notWhiteSpace = new RegExp(`[^${whiteSpace}\\x1c-\\x1f]`, "u");
const isWhiteSpace = (character: string) => !notWhiteSpace.test(character);

/** The text without white space at its ends. */
export function trimWhiteSpace(text: string): string {
  const start = text.search(notWhiteSpace);
  if (start < 0) return "";
  let end = text.length;
  while (isWhiteSpace(text[end - 1]!)) end--;
  return text.slice(start, end);
}
