import { symbolsOf } from "./byte-symbols.ts";
import { endOfWord, type Vocabulary } from "./vocabulary.ts";

/** The ids of one word. */
export type WordEncoder = (word: string) => readonly number[];

/** Byte-pair encoding with a memory of the words it has seen. */
export function createWordEncoder({ ids, mergeRanks }: Vocabulary): WordEncoder {
  const known = new Map<string, readonly number[]>();
  return (word) => {
    let encoded = known.get(word);
    if (!encoded) {
      encoded = mergePairs(symbolsOf(word), mergeRanks).map((part) => ids.get(part)!);
      known.set(word, encoded);
    }
    return encoded;
  };
}

/** Merges the pair of lowest rank, everywhere it occurs, until no pair has a rank. */
function mergePairs(symbols: readonly string[], mergeRanks: ReadonlyMap<string, number>): string[] {
  let parts = symbols.map((symbol, i) => (i === symbols.length - 1 ? symbol + endOfWord : symbol));
  for (;;) {
    const pair = firstPair(parts, mergeRanks);
    if (!pair) return parts;
    const merged: string[] = [];
    for (let i = 0; i < parts.length; i++) {
      const isPair = parts[i] === pair[0] && parts[i + 1] === pair[1];
      merged.push(isPair ? parts[i]! + parts[++i]! : parts[i]!);
    }
    parts = merged;
  }
}

function firstPair(
  parts: readonly string[],
  mergeRanks: ReadonlyMap<string, number>,
): readonly [string, string] | undefined {
  let best: readonly [string, string] | undefined;
  let bestRank = Number.POSITIVE_INFINITY;
  for (let i = 0; i + 1 < parts.length; i++) {
    const rank = mergeRanks.get(`${parts[i]} ${parts[i + 1]}`) ?? Number.POSITIVE_INFINITY;
    if (rank < bestRank) [bestRank, best] = [rank, [parts[i]!, parts[i + 1]!]];
  }
  return best;
}
