import { CoinageError } from "../errors/index.ts";

export const bosId = 49406;
export const eosId = 49407;
export const bosToken = "<|startoftext|>";
export const eosToken = "<|endoftext|>";

/** Marks a symbol as the end of a word. */
export const endOfWord = "</w>";

/** The printable character for each byte in the vocabulary: the byte itself if printable, else the next free one from U+0100 on. */
export const byteSymbols: readonly string[] = (() => {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : next++));
})();

/** The same symbols in the order of their ids: first bytes that are their own symbols, then the others. */
const symbolsInIdOrder: readonly string[] = [
  ...byteSymbols.filter((_, byte) => isPrintable(byte)),
  ...byteSymbols.filter((_, byte) => !isPrintable(byte)),
];

/** The UTF-8 bytes of a text as symbols, one per byte. */
export function symbolsOf(text: string): string[] {
  return Array.from(utf8.encode(text), (byte) => byteSymbols[byte]!);
}

const utf8 = new TextEncoder();

function isPrintable(byte: number): boolean {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

const mergeCount = bosId - 2 * symbolsInIdOrder.length;

/** CLIP's vocabulary of 49,408 entries, the same in SD1, SD2 and both encoders of SDXL. */
export interface ClipVocabulary {
  /** The id of every entry. */
  readonly ids: ReadonlyMap<string, number>;
  /** The rank of each pair, written "left right": lower ones are merged first. */
  readonly mergeRanks: ReadonlyMap<string, number>;
}

/** Cached because a process reads the same table repeatedly, which takes a tenth of a second. */
let latest: { readonly mergesText: string; readonly vocabulary: ClipVocabulary } | undefined;

/** The vocabulary of a table of merges: the byte symbols, the same at the ends of words, the merged pairs in order, two special tokens.
 *  mergesText: a version line, then one pair per line (`merges.txt` of a CLIP tokenizer).
 *  @throws TOKENIZER_INVALID if lines are missing */
export function readVocabulary(mergesText: string): ClipVocabulary {
  if (latest?.mergesText !== mergesText) latest = { mergesText, vocabulary: parseVocabulary(mergesText) };
  return latest.vocabulary;
}

function parseVocabulary(mergesText: string): ClipVocabulary {
  const merges = mergesText.split("\n", mergeCount + 1).slice(1);
  if (merges.length < mergeCount || !merges.at(-1)?.includes(" "))
    throw new CoinageError("TOKENIZER_INVALID", `A CLIP tokenizer has ${mergeCount} merges; this table is shorter.`, {
      hint: "The file is damaged or belongs to another kind of tokenizer.",
    });
  const ids = new Map<string, number>();
  for (const symbol of symbolsInIdOrder) ids.set(symbol, ids.size);
  for (const symbol of symbolsInIdOrder) ids.set(symbol + endOfWord, ids.size);
  const mergeRanks = new Map<string, number>();
  for (const line of merges) {
    const pair = line.trimEnd();
    mergeRanks.set(pair, mergeRanks.size);
    ids.set(pair.replace(" ", ""), ids.size);
  }
  return { ids: ids.set(bosToken, bosId).set(eosToken, eosId), mergeRanks };
}

/** The entries that are whole words of at least two Latin letters, by id: those that a reader recognizes. */
export function plainWords(mergesText: string): Map<number, string> {
  const words = new Map<number, string>();
  for (const [entry, id] of readVocabulary(mergesText).ids) {
    const [, word] = /^([a-z]{2,})<\/w>$/.exec(entry) ?? [];
    if (word !== undefined) words.set(id, word);
  }
  return words;
}
