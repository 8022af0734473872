import { mean } from "../../array/index.ts";
import { pairedDifference } from "../evaluation/statistics.ts";
import type { InitWordEvent } from "../events.ts";

/** A word with its losses on the items tried, in order. */
export interface TriedWord {
  readonly word: string;
  readonly itemLosses: readonly number[];
}

/** A round: the best `words` words so far are tried on the first `items` items. */
export interface Round {
  readonly words: number;
  readonly items: number;
}

/** Rounds with ever fewer words on more items. */
export const rounds: readonly Round[] = [
  { words: Number.POSITIVE_INFINITY, items: 2 },
  { words: 30, items: 4 },
  { words: 10, items: 8 },
  { words: 4, items: 16 },
];

/** Tries all words on a few items, and the best of them on more. Losses are paired: all words have the same items.
 *  Yields after each word; returns all words, those tried on the most items first, the best of these first.
 *  measure: losses of items first ... last - 1. Source: Jamieson 2016, "Non-stochastic Best Arm Identification" (successive halving). */
export async function* successiveHalving(
  words: readonly string[],
  rounds: readonly Round[],
  measure: (word: string, first: number, last: number) => Promise<readonly number[]>,
): AsyncGenerator<string, readonly TriedWord[]> {
  let tried: TriedWord[] = words.map((word) => ({ word, itemLosses: [] }));
  for (const { words: count, items } of rounds) {
    const [going, staying] = [tried.slice(0, count), tried.slice(count)];
    const further: TriedWord[] = [];
    for (const { word, itemLosses } of going) {
      further.push({ word, itemLosses: [...itemLosses, ...(await measure(word, itemLosses.length, items))] });
      yield word;
    }
    tried = [...further.sort((a, b) => mean(a.itemLosses) - mean(b.itemLosses)), ...staying];
  }
  return tried;
}

/** A word compared with the best: how much higher its losses are, on the items that both were tried on. */
export function comparedWith(best: TriedWord, { word, itemLosses }: TriedWord): InitWordEvent["candidates"][number] {
  const { mean: difference, error } = pairedDifference(itemLosses, best.itemLosses.slice(0, itemLosses.length));
  return { word, items: itemLosses.length, difference, error };
}
