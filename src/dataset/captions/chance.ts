import type { PythonRandom } from "../../random/index.ts";

/** Settings by which chance changes a caption. */
export type ChanceKind = "shuffling" | "tag dropout" | "templates" | "wildcards";

/** Decides what is left to chance in a caption. */
export interface CaptionChance {
  /** One of the items. */
  choose(items: readonly string[], kind: "templates" | "wildcards"): string;
  /** The tags in another order. */
  shuffle(tags: readonly string[]): string[];
  /** The tags that stay when each is dropped with a probability. */
  drop(tags: readonly string[], rate: number): string[];
}

/** Chance as sd-scripts has it, draw for draw. */
export function drawnBy(random: PythonRandom): CaptionChance {
  return {
    choose: (items) => random.choice(items),
    shuffle(tags) {
      const shuffled = [...tags];
      random.shuffle(shuffled);
      return shuffled;
    },
    drop: (tags, rate) => tags.filter(() => random.random() >= rate),
  };
}
