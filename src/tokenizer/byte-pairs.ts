import { type ClipVocabulary, endOfWord, symbolsOf } from "./vocabulary.ts";

/** The ids of one word. */
export type WordEncoder = (word: string) => readonly number[];

/** Longest word to cache: longer ones hardly ever recur. */
const longestKnown = 100;

/** Byte-pair encoding with a cache of words. */
export function createWordEncoder({ ids, mergeRanks }: ClipVocabulary): WordEncoder {
  const known = new Map<string, readonly number[]>();
  return (word) => {
    const encoded = known.get(word) ?? mergePairs(symbolsOf(word), mergeRanks).map((part) => ids.get(part)!);
    if (word.length <= longestKnown) known.set(word, encoded);
    return encoded;
  };
}

/** Merges the pair of lowest rank, everywhere from left to right, until no pair has a rank. Takes about linear time: only pairs that
 *  a merge creates are looked up, and places are kept by rank. */
function mergePairs(symbols: readonly string[], mergeRanks: ReadonlyMap<string, number>): string[] {
  const end = symbols.length;
  // a merged pair takes the place of its left half; the places between are skipped
  const parts: (string | undefined)[] = symbols.map((symbol, i) => (i === end - 1 ? symbol + endOfWord : symbol));
  const next = Array.from({ length: end }, (_, i) => i + 1);
  const previous = Array.from({ length: end }, (_, i) => i - 1);
  const placesOfRank = new Map<number, number[]>();
  const ranks = new LowestFirst();
  const rankAt = (place: number) =>
    next[place]! < end ? mergeRanks.get(`${parts[place]} ${parts[next[place]!]}`) : undefined;
  const lookUp = (place: number) => {
    const rank = place < 0 ? undefined : rankAt(place);
    if (rank === undefined) return;
    const places = placesOfRank.get(rank);
    if (places) return void places.push(place);
    placesOfRank.set(rank, [place]);
    ranks.add(rank);
  };
  for (let place = 0; place < end; place++) lookUp(place);
  for (let rank = ranks.take(); rank !== undefined; rank = ranks.take()) {
    const places = placesOfRank.get(rank)!.sort((a, b) => a - b);
    placesOfRank.delete(rank);
    const merged: number[] = [];
    for (const place of places) {
      if (parts[place] === undefined || rankAt(place) !== rank) continue;
      const right = next[place]!;
      parts[place] += parts[right]!;
      parts[right] = undefined;
      next[place] = next[right]!;
      if (next[place]! < end) previous[next[place]!] = place;
      merged.push(place);
    }
    // only now: a round merges only pairs that existed when it began
    for (const place of merged) {
      lookUp(previous[place]!);
      lookUp(place);
    }
  }
  return parts.filter((part) => part !== undefined);
}

/** A priority queue of numbers, lowest first: a binary heap. */
class LowestFirst {
  readonly #heap: number[] = [];

  add(number: number): void {
    const heap = this.#heap;
    let at = heap.push(number) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (heap[above]! <= heap[at]!) return;
      [heap[above], heap[at]] = [heap[at]!, heap[above]!];
      at = above;
    }
  }

  take(): number | undefined {
    const heap = this.#heap;
    const [lowest] = heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return lowest;
    heap[0] = last;
    for (let at = 0; ; ) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      let least = at;
      if (left < heap.length && heap[left]! < heap[least]!) least = left;
      if (right < heap.length && heap[right]! < heap[least]!) least = right;
      if (least === at) return lowest;
      [heap[least], heap[at]] = [heap[at]!, heap[least]!];
      at = least;
    }
  }
}
