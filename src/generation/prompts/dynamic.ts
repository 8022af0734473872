import { Budget, limits, requireWithin } from "../../budget/index.ts";
import type { SeedSource } from "../../pipeline/index.ts";
import { PythonRandom } from "../../random/index.ts";
import type { PromptWords } from "../../tokenizer/index.ts";

/** The prompts from a line with choices in braces. */
interface Variants {
  readonly lines: readonly string[];
  /** One for each line; undefined without choices: the line is used `count` times, each time with its own seed. */
  readonly seeds: readonly number[] | undefined;
}

interface ChoiceOptions {
  /** The line's own seeds; missing ones are drawn. */
  readonly givenSeeds?: readonly number[] | undefined;
  /** Words whose names are never read as choices. */
  readonly words?: Pick<PromptWords, "find"> | undefined;
  /** Counts the characters of all resulting prompts. */
  readonly budget?: Budget | undefined;
}

/** Innermost braces: {e$$count$$separator$$a|b}, all but the variants optional. */
const group = /\{(?:(e)\$\$)?(?:([\d-]+)\$\$)?(?:([^|{}]+?)\$\$)?([^{}]+)\}/iy;

/** Stand-ins for braces and bars that are plain text. */
const literal = { "{": "\ue000", "}": "\ue001", "|": "\ue002" } as const;

/** Makes the choices of a line, `count` times at random, or with `e$$` all of them in order. The seed of an image also decides its choices, so that
 *  the same seed gives the same image; choices beside an enumeration are drawn again for each of its images, which share a seed.
 *  @throws PROMPT_INVALID for too many images or too deep nesting */
export function expandChoices(
  line: string,
  count: number,
  nextSeed: SeedSource,
  { givenSeeds = [], words, budget = textBudget() }: ChoiceOptions = {},
): Variants {
  const template = withoutLiteralBraces(line, words);
  // differs from sd-scripts: a prompt that has braces only behind backslashes ends the run.
  // coinage: braces behind backslashes are text in every prompt.
  // because: the backslash is there to make them text.
  if (deepestGroups(template).groups.length === 0) return { lines: [withLiteralBraces(template)], seeds: undefined };
  const seeds = [...givenSeeds];
  while (seeds.length < count) seeds.push(nextSeed());
  let texts = Array<string>(count).fill(template);
  let isEnumerated = false;
  // innermost groups first; each depth starts again from the seed
  for (let hasGroups = true; hasGroups; ) {
    hasGroups = false;
    const made: string[] = [];
    for (const [i, text] of texts.entries()) {
      const parts = deepestGroups(text);
      hasGroups ||= parts.groups.length > 0;
      isEnumerated ||= parts.groups.some((group) => group.isEnumerated);
      for (const variant of variantsOf(parts, new PythonRandom(seeds[i] ?? seeds[0]), budget)) {
        requireWithin("images", made.push(variant), tooMany);
        budget.spend(variant.length);
      }
    }
    texts = made;
  }
  const lines = texts.map(withLiteralBraces);
  return { lines, seeds: isEnumerated ? lines.map(() => seeds[0]!) : seeds.slice(0, count) };
}

const tooMany = {
  code: "PROMPT_INVALID",
  subject: "A line of choices in braces",
  hint: "Enumerate fewer choices at once: leave out an e$$, or make several lines of it.",
} as const;

/** A budget for the characters of a run's prompts, or of one line's. */
export function textBudget(): Budget {
  return new Budget("promptText", { ...tooMany, subject: "Choices in braces" });
}

function withoutLiteralBraces(line: string, words?: Pick<PromptWords, "find">): string {
  let template = "";
  let end = 0;
  for (const found of words?.find(line) ?? []) {
    const written = line.slice(found.start, found.end);
    template +=
      line.slice(end, found.start) + written.replace(/[{}|]/g, (sign) => literal[sign as keyof typeof literal]);
    end = found.end;
  }
  return (template + line.slice(end)).replaceAll("\\{", literal["{"]).replaceAll("\\}", literal["}"]);
}

function withLiteralBraces(text: string): string {
  return text.replaceAll(literal["{"], "{").replaceAll(literal["}"], "}").replaceAll(literal["|"], "|");
}

interface Group {
  readonly isEnumerated: boolean;
  readonly low: number;
  readonly high: number;
  readonly separator: string;
  readonly variants: readonly string[];
}

/** A template split at its groups: text, group, text, group, ..., text. */
interface Parts {
  readonly texts: readonly string[];
  readonly groups: readonly Group[];
}

/** The groups at the deepest nesting; outer ones are replaced later. */
function deepestGroups(template: string): Parts {
  const texts: string[] = [];
  const groups: Group[] = [];
  let end = 0;
  for (const start of deepestBraces(template)) {
    group.lastIndex = start;
    const match = group.exec(template);
    if (!match) continue;
    const [{ length }, e, count, separator = ", ", choices] = match;
    const variants = choices!.split("|");
    const [low, high] = countRange(count, variants.length);
    texts.push(template.slice(end, start));
    groups.push({ isEnumerated: e !== undefined, low, high, separator, variants });
    end = start + length;
  }
  return { texts: [...texts, template.slice(end)], groups };
}

/** The positions of the most deeply nested opening braces.
 *  differs from sd-scripts: a closing brace that closes nothing lowers the nesting of all braces that follow, so that choices stay unmade.
 *  coinage: a closing brace that closes nothing is text.
 *  because: a stray brace is not to change the rest of a prompt. */
function deepestBraces(template: string): number[] {
  let deepest = 1;
  let places: number[] = [];
  let level = 0;
  for (let at = template.search(/[{}]/); at >= 0 && at < template.length; at++) {
    if (template[at] === "}") level = Math.max(0, level - 1);
    if (template[at] !== "{") continue;
    level++;
    if (level > deepest) [deepest, places] = [level, []];
    if (level === deepest) places.push(at);
  }
  requireWithin("nesting", deepest, tooDeep);
  return places;
}

const tooDeep = { code: "PROMPT_INVALID", subject: "A line with so many open braces" } as const;

/** "2" or "1-3"; anything else is 1.
 *  differs from sd-scripts: a range that asks for more choices than there are ends the run with an error.
 *  coinage: both ends of the range are limited to the number of choices.
 *  because: what was meant is plain. */
function countRange(count: string | undefined, most: number): readonly [number, number] {
  const parts = count?.split("-") ?? ["1"];
  const ends = parts.length <= 2 && !parts.includes("") ? parts.map(Number) : [1];
  const limited = ends.map((end) => Math.min(end, most));
  return [Math.min(...limited), Math.max(...limited)];
}

/** The texts with choices made: all combinations if any group is enumerated, else one at random. */
function variantsOf(parts: Parts, random: PythonRandom, budget: Budget): string[] {
  return (parts.groups.some(({ isEnumerated }) => isEnumerated) ? enumerated : chosen)(parts, random, budget);
}

/** One text with random choices, drawn from the last to the first. */
function chosen({ texts, groups }: Parts, random: PythonRandom): string[] {
  const choices = groups.toReversed().map((group) => randomChoice(group, random));
  return [texts.reduce((text, next) => text + choices.pop()! + next)];
}

/** All combinations of the enumerated groups; the others are drawn again for each, group after group. */
function enumerated({ texts, groups }: Parts, random: PythonRandom, budget: Budget): string[] {
  let made: string[][] = [[]];
  for (const group of groups) {
    if (!group.isEnumerated) continue;
    requireWithin("combinations", made.length * countOf(group), tooMany);
    const choices = allChoices(group, budget);
    made = made.flatMap((before) => choices.map((choice) => [...before, choice]));
  }
  const choices = made.map((all) => all.values());
  const perGroup = groups.map((group) => {
    const next = (own: Iterator<string>): string =>
      group.isEnumerated ? own.next().value : randomChoice(group, random);
    return choices.map(next);
  });
  return made.map((_, i) => texts.reduce((text, next, j) => text + perGroup[j - 1]![i]! + next));
}

function randomChoice({ variants, low, high, separator }: Group, random: PythonRandom): string {
  return random.sample(variants, random.randint(low, high)).join(separator);
}

function allChoices({ variants, low, high, separator }: Group, budget: Budget): string[] {
  const choices: string[] = [];
  for (let size = low; size <= high; size++)
    for (const combination of combinations(variants, size)) {
      const choice = combination.join(separator);
      budget.spend(choice.length + size);
      choices.push(choice);
    }
  return choices;
}

/** The number of choices of a group; above the limit, not exact. */
function countOf({ variants, low, high }: Group): number {
  const { max } = limits.combinations;
  let count = 0;
  for (let size = low; size <= high && count <= max; size++) {
    const shorter = Math.min(size, variants.length - size);
    let ofSize = 1;
    for (let i = 1; i <= shorter && ofSize <= max; i++) ofSize = (ofSize * (variants.length - shorter + i)) / i;
    count += ofSize;
  }
  return count;
}

/** All combinations, in the order of their indices. */
function* combinations(items: readonly string[], size: number): Generator<string[]> {
  const indices = Array.from({ length: size }, (_, i) => i);
  for (;;) {
    yield indices.map((index) => items[index]!);
    let at = size - 1;
    while (at >= 0 && indices[at] === items.length - size + at) at--;
    if (at < 0) return;
    const first = indices[at]! + 1;
    for (let i = at; i < size; i++) indices[i] = first + i - at;
  }
}
