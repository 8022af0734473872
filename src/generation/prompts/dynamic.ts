import { CoinageError } from "../../errors/index.ts";
import { PythonRandom } from "../../random/index.ts";
import type { SeedSource } from "./seeds.ts";

/** The prompts that a line with choices in braces stands for. */
export interface Variants {
  readonly lines: readonly string[];
  /** One for each line; undefined without choices: the line is drawn as often as asked for, each time with a seed of its own. */
  readonly seeds: readonly number[] | undefined;
}

/** Innermost braces: {e$$count$$separator$$a|b}, all but the variants optional. */
const group = /\{(?:(e)\$\$)?(?:([\d-]+)\$\$)?(?:([^|{}]+?)\$\$)?([^{}]+)\}/gi;

const [openBrace, closeBrace] = ["\ue000", "\ue001"];

/** Makes the choices of a line, `count` times at random, or with `e$$` all of them in order. The seed of a picture also decides its choices, so that
 *  the same seed gives the same picture. givenSeeds: the line's own; missing ones are drawn.
 *  @throws PROMPT_INVALID for more combinations than anyone can want */
export function expandChoices(
  line: string,
  count: number,
  nextSeed: SeedSource,
  givenSeeds: readonly number[] = [],
): Variants {
  const template = line.replaceAll("\\{", openBrace).replaceAll("\\}", closeBrace);
  const groups = groupsOf(template);
  if (groups.length === 0) return { lines: [line], seeds: undefined };
  const seeds = [...givenSeeds];
  while (seeds.length < count) seeds.push(nextSeed());
  const restored = (text: string) => text.replaceAll(openBrace, "{").replaceAll(closeBrace, "}");
  if (!groups.some(({ isEnumerated }) => isEnumerated)) {
    const lines = seeds.slice(0, count).map((seed) => restored(chosen(template, seed)));
    return { lines, seeds: seeds.slice(0, count) };
  }
  const first = seeds[0]!;
  const all = enumerated(template, groups).map((text) => restored(chosen(text, first)));
  const lines = Array.from({ length: count }, () => all).flat();
  return { lines, seeds: lines.map(() => first) };
}

interface Group {
  /** As written. */
  readonly source: string;
  readonly isEnumerated: boolean;
  readonly low: number;
  readonly high: number;
  readonly separator: string;
  readonly variants: readonly string[];
}

function groupsOf(template: string): Group[] {
  return [...template.matchAll(group)].map(([source, e, count, separator = ", ", choices]) => {
    const variants = choices!.split("|");
    const [low, high] = countRange(count, variants.length);
    return { source, isEnumerated: e !== undefined, low, high, separator, variants };
  });
}

/** "2" or "1-3"; anything else is 1. differs from sd-scripts: both ends are limited to what there is, where it ends with an error. */
function countRange(count: string | undefined, most: number): readonly [number, number] {
  const parts = count?.split("-") ?? ["1"];
  const ends = parts.length <= 2 && !parts.includes("") ? parts.map(Number) : [1];
  const limited = ends.map((end) => Math.min(end, most));
  return [Math.min(...limited), Math.max(...limited)];
}

/** The template with every choice made at random, innermost first; each depth of nesting begins anew with the seed, and with its last group. */
function chosen(template: string, seed: number): string {
  let text = template;
  for (let groups = groupsOf(text); groups.length > 0; groups = groupsOf(text)) {
    const random = new PythonRandom(seed);
    const choices = groups.toReversed().map(({ low, high, variants, separator }) => {
      return random.sample(variants, random.randint(low, high)).join(separator);
    });
    text = text.replace(group, () => choices.pop()!);
  }
  return text;
}

const mostCombinations = 100_000;

/** The template with all combinations of its enumerated groups put in. */
function enumerated(template: string, groups: readonly Group[]): string[] {
  let texts = [template];
  for (const { isEnumerated, source, low, high, separator, variants } of groups) {
    if (!isEnumerated) continue;
    const choices: string[] = [];
    for (let size = low; size <= high; size++)
      for (const combination of combinations(variants, size)) {
        choices.push(combination.join(separator));
        if (texts.length * choices.length > mostCombinations) throw tooMany(template);
      }
    texts = texts.flatMap((text) => choices.map((choice) => text.replace(source, () => choice)));
  }
  return texts;
}

function tooMany(template: string): CoinageError {
  return new CoinageError("PROMPT_INVALID", "The choices in braces make too many combinations.", { where: template });
}

function* combinations(items: readonly string[], size: number, from = 0): Generator<string[]> {
  if (size === 0) yield [];
  else
    for (let i = from; i <= items.length - size; i++)
      for (const rest of combinations(items, size - 1, i + 1)) yield [items[i]!, ...rest];
}
