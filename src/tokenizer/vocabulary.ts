import { CoinageError } from "../errors/index.ts";
import { symbolsInIdOrder } from "./byte-symbols.ts";

export const bosId = 49406;
export const eosId = 49407;
export const bosToken = "<|startoftext|>";
export const eosToken = "<|endoftext|>";

/** Marks a symbol as the end of a word. */
export const endOfWord = "</w>";

const mergeCount = bosId - 2 * symbolsInIdOrder.length;

/** CLIP's vocabulary of 49,408 entries, the same in SD1, SD2 and both encoders of SDXL. */
export interface Vocabulary {
  /** The id of every entry. */
  readonly ids: ReadonlyMap<string, number>;
  /** How early each pair, written "left right", is merged. */
  readonly mergeRanks: ReadonlyMap<string, number>;
}

/** The vocabulary that a table of merges stands for: the byte symbols, the same as ends of words, the merged pairs in order, two special tokens.
 *  mergesText: a version line, then one pair a line (`merges.txt` of a CLIP tokenizer).
 *  @throws TOKENIZER_INVALID when lines are missing. */
export function parseVocabulary(mergesText: string): Vocabulary {
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
