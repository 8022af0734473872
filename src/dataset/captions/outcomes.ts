import { PythonRandom } from "../../random/index.ts";
import type { CaptionSettings } from "../config/plan.ts";
import { type CaptionChance, type ChanceKind, composeCaption, replaceIn, warmupStepsOf } from "./caption.ts";
import type { Replacements } from "./templates.ts";

/** Weight of a piece of a caption: whether it contains the word, and its number of tokens. */
export interface Weight {
  readonly holdsWord: boolean;
  readonly tokens: number;
}

interface OutcomeOptions {
  readonly maxTrainSteps: number;
  readonly replacements: Replacements;
  /** Weighs a text after replacements; called many times for the same pieces. */
  readonly weigh: (text: string) => Weight;
  /** Above this number of outcomes only representative ones are returned. */
  readonly most: number;
}

export interface CaptionOutcomes {
  readonly texts: readonly string[];
  /** The random choices that decide between the texts. */
  readonly decidedBy: ReadonlySet<ChanceKind | "token warm-up">;
}

/** The texts that a caption can become in a run, except when it is dropped. Orders of shuffled tags and sets of dropped tags are represented by those
 *  that put the word first or last, and by those with and without it; every alternative of a wildcard occurs, unless there are too many.
 *  Draws no random numbers. */
export function captionOutcomes(caption: string, settings: CaptionSettings, options: OutcomeOptions): CaptionOutcomes {
  const { maxTrainSteps, replacements, most } = options;
  const decidedBy = new Set<ChanceKind | "token warm-up">();
  const warmupSteps = warmupStepsOf(settings, { maxTrainSteps });
  if (warmupSteps > 0) decidedBy.add("token warm-up");
  const texts = new Set<string>();
  for (const step of stepsThrough(warmupSteps)) {
    const compose = (chance: CaptionChance) =>
      composeCaption(caption, settings, { step, maxTrainSteps, replacements }, chance);
    for (const text of everyOutcome(compose, optionsOf(options), decidedBy, most)) texts.add(text);
  }
  return { texts: [...texts], decidedBy };
}

/** Steps of the warm-up at which a caption has different numbers of tags, including the first and the last. */
function stepsThrough(warmupSteps: number): number[] {
  const parts = Math.min(warmupSteps, 8);
  return Array.from({ length: parts + 1 }, (_, part) => (parts === 0 ? 0 : Math.floor((warmupSteps * part) / parts)));
}

/** The results of each decision, the extremes in this order: the word early and few tokens, the word late and many tokens,
 *  no word and many tokens, no word and few tokens. */
interface Decisions {
  choices(items: readonly string[]): Options<string>;
  orders(tags: readonly string[]): Options<string[]>;
  remainders(tags: readonly string[], rate: number): Options<string[]>;
}

interface Options<Item> {
  readonly all: readonly Item[];
  readonly extremes: readonly [Item, Item, Item, Item];
}

function optionsOf({ replacements, weigh }: OutcomeOptions): Decisions {
  const weightOf = (text: string) => weigh(replaceIn(text, replacements, firstOfAll));
  const holdsWord = (text: string) => weightOf(text).holdsWord;
  const split = (tags: readonly string[]) =>
    [tags.filter(holdsWord), tags.filter((tag) => !holdsWord(tag))] as [string[], string[]];
  return {
    choices(items) {
      const sorted = items.toSorted((a, b) => weightOf(a).tokens - weightOf(b).tokens);
      const [withWord, without] = split(sorted);
      const [some, others] = [withWord.length > 0 ? withWord : sorted, without.length > 0 ? without : sorted];
      return {
        all: [...new Set(items)],
        extremes: [some[0]!, some.at(-1)!, others.at(-1)!, others[0]!],
      };
    },
    orders(tags) {
      const [withWord, without] = split(tags);
      const [first, last] = [
        [...withWord, ...without],
        [...without, ...withWord],
      ];
      const all = withWord.length === 0 || without.length === 0 ? [first] : [first, last];
      return { all, extremes: [first, last, last, first] };
    },
    remainders(tags, rate) {
      if (rate >= 1) return { all: [[]], extremes: [[], [], [], []] };
      const [withWord, without] = split(tags);
      const all = withWord.length === 0 ? [[...tags], []] : [[...tags], withWord, without, []];
      return { all, extremes: [withWord, [...tags], without, []] };
    },
  };
}

const firstOfAll: CaptionChance = {
  choose: ([first]) => first ?? "",
  shuffle: (tags) => [...tags],
  drop: (tags) => [...tags],
};

/** Composes a caption with every combination of decisions. Above the limit: with the extreme ones, with the word in one place and everything else
 *  long, with every item of every choice in turn, and some at random. */
function everyOutcome(
  compose: (chance: CaptionChance) => string,
  decisions: Decisions,
  decidedBy: Set<ChanceKind | "token warm-up">,
  most: number,
): string[] {
  let decided = 0;
  const composedBy = (pick: <Item>(options: Options<Item>, place: number) => Item) => {
    decided = 0;
    const picked = <Item>(kind: ChanceKind, options: Options<Item>): Item => {
      if (options.all.length > 1) decidedBy.add(kind);
      return pick(options, decided++);
    };
    return compose({
      choose: (items, kind) => picked(kind, decisions.choices(items)),
      shuffle: (tags) => [...picked("shuffling", decisions.orders(tags))],
      drop: (tags, rate) => [...picked("tag dropout", decisions.remainders(tags, rate))],
    });
  };
  const combinations = firstCombinations(most, (odometer) => composedBy(({ all }) => all[odometer.next(all.length)]!));
  if (combinations.isComplete) return combinations.results;
  const extremes = ([0, 1, 2, 3] as const).map((kind) => composedBy(({ extremes }) => extremes[kind]));
  const oneWord = Array.from({ length: Math.min(decided, most) }, (_, at) =>
    composedBy(({ extremes: [, withWord, without] }, place) => (place === at ? withWord : without)),
  );
  // its own generator, not the run's
  const random = new PythonRandom(0);
  const mixed = Array.from({ length: most }, (_, turn) => composedBy(({ all }) => all[turn] ?? random.choice(all)));
  return [...extremes, ...oneWord, ...mixed];
}

interface Odometer {
  /** The digit of the next wheel. digits: how many the wheel has. */
  next(digits: number): number;
}

/** Results of the first combinations of an odometer whose wheels are discovered as they are read. */
function firstCombinations<Result>(most: number, make: (odometer: Odometer) => Result) {
  const wheels: { digit: number; digits: number }[] = [];
  const results: Result[] = [];
  do {
    let at = 0;
    results.push(
      make({
        next(digits) {
          wheels[at] ??= { digit: 0, digits };
          return wheels[at++]!.digit;
        },
      }),
    );
    while (wheels.length > 0 && wheels.at(-1)!.digit === wheels.at(-1)!.digits - 1) wheels.pop();
    if (wheels.length > 0) wheels.at(-1)!.digit++;
  } while (wheels.length > 0 && results.length < most);
  return { results, isComplete: wheels.length === 0 };
}
