import type { PythonRandom } from "../../random/index.ts";
import type { CaptionSettings } from "../config/plan.ts";
import type { Replacements } from "./templates.ts";

/** Progress of the run when a caption is used. */
export interface CaptionState {
  /** Counted from 1. */
  readonly epoch: number;
  /** Optimizer steps done. */
  readonly step: number;
  readonly maxTrainSteps: number;
  readonly replacements: Replacements;
}

/** A caption with all random choices made, in sd-scripts' order. */
export function processCaption(
  caption: string,
  settings: CaptionSettings,
  state: CaptionState,
  random: PythonRandom,
): string {
  // a dropped caption is empty, without the placeholder
  return isDropped(settings, state, random) ? "" : composeCaption(caption, settings, state, drawnBy(random));
}

/** A caption without random choices: not dropped, tags in order, none dropped. number: selects among templates or lines, modulo their count. */
export function stillCaption(
  caption: string,
  settings: CaptionSettings,
  replacements: Replacements,
  number: number,
): string {
  const chance: CaptionChance = {
    choose: (items) => items[number % items.length]!,
    shuffle: (tags) => [...tags],
    drop: (tags) => [...tags],
  };
  return composeCaption(
    caption,
    { ...settings, tokenWarmupStep: 0 },
    { step: 0, maxTrainSteps: 0, replacements },
    chance,
  );
}

/** A caption after all random choices except dropping the whole. */
export function composeCaption(
  caption: string,
  settings: CaptionSettings,
  state: Omit<CaptionState, "epoch">,
  chance: CaptionChance,
): string {
  let text = withPrefixAndSuffix(chooseLine(caption, settings, chance), settings);
  if (settings.enableWildcard) text = resolveWildcards(text, chance);
  const warmupSteps = warmupStepsOf(settings, state);
  if (settings.shuffleCaption || warmupSteps > 0 || settings.captionTagDropoutRate > 0)
    text = arrangeTags(text, settings, warmupSteps, state.step, chance);
  if (settings.secondarySeparator) text = text.replaceAll(settings.secondarySeparator, () => settings.captionSeparator);
  return replaceIn(text, state.replacements, chance);
}

function isDropped(settings: CaptionSettings, { epoch }: CaptionState, random: PythonRandom): boolean {
  const { captionDropoutRate: rate, captionDropoutEveryNEpochs: every } = settings;
  if (rate > 0 && random.random() < rate) return true;
  return every > 0 && epoch % every === 0;
}

function chooseLine(caption: string, { enableWildcard }: CaptionSettings, chance: CaptionChance): string {
  const lines = caption.split("\n");
  return enableWildcard && lines.length > 1 ? chance.choose(lines, "wildcards") : lines[0]!;
}

// differs from sd-scripts: with --enable_wildcard only the first line of a caption gets caption_prefix, and only the last gets caption_suffix.
// coinage: caption_prefix and caption_suffix are added to the line that was chosen.
// because: each line is a caption of its own.
function withPrefixAndSuffix(line: string, { captionPrefix, captionSuffix }: CaptionSettings): string {
  const prefixed = captionPrefix ? `${captionPrefix} ${line}` : line;
  return captionSuffix ? `${prefixed} ${captionSuffix}` : prefixed;
}

/** Resolves `{a|b}` to a or b, and `{{` and `}}` to single braces. Unmatched braces stay. */
function resolveWildcards(text: string, chance: CaptionChance): string {
  let resolved = "";
  let inside: string | undefined;
  for (const [part] of text.matchAll(/\{\{|\}\}|[{}]|[^{}]+/g)) {
    const isEnd = part === "}" && inside !== undefined;
    if (isEnd) {
      resolved += inside ? chance.choose(inside.split("|"), "wildcards") : "{}";
      inside = undefined;
    } else if (inside !== undefined) inside += singleBrace(part);
    else if (part === "{") inside = "";
    else resolved += singleBrace(part);
  }
  return inside === undefined ? resolved : `${resolved}{${inside}`;
}

function singleBrace(part: string): string {
  return part === "{{" || part === "}}" ? part[0]! : part;
}

/** Tags after warm-up, shuffling and dropout. Until 2026-06 sd-scripts joined them with commas despite caption_separator.
 *  Source: sd-scripts library/train_util.py, BaseDataset.process_caption. */
function arrangeTags(
  text: string,
  settings: CaptionSettings,
  warmupSteps: number,
  step: number,
  chance: CaptionChance,
): string {
  const { head, flexible, tail } = splitTags(text, settings);
  let tags = flexible;
  if (step < warmupSteps) {
    const { tokenWarmupMin } = settings;
    tags = tags.slice(0, Math.floor(step * ((tags.length - tokenWarmupMin) / warmupSteps)) + tokenWarmupMin);
  }
  if (settings.shuffleCaption) tags = chance.shuffle(tags);
  const { captionTagDropoutRate: rate } = settings;
  if (rate > 0) tags = chance.drop(tags, rate);
  return [...head, ...tags, ...tail].join(`${settings.captionSeparator} `);
}

/** Steps of token warm-up, from a number or a share of all steps.
 *  differs from sd-scripts: with a token_warmup_step that is less than one step, the first caption of a subset is still rearranged.
 *  coinage: a token_warmup_step that is less than one step is no warm-up at all.
 *  because: the first caption should be like all others. */
export function warmupStepsOf(
  { tokenWarmupStep }: CaptionSettings,
  { maxTrainSteps }: Pick<CaptionState, "maxTrainSteps">,
): number {
  return tokenWarmupStep < 1 ? Math.floor(tokenWarmupStep * maxTrainSteps) : tokenWarmupStep;
}

interface Tags {
  readonly head: string[];
  readonly flexible: string[];
  readonly tail: string[];
}

function splitTags(text: string, settings: CaptionSettings): Tags {
  const { keepTokens, keepTokensSeparator, captionSeparator } = settings;
  const tagsOf = (part: string) => part.split(captionSeparator).map(strip);
  if (!keepTokensSeparator || !text.includes(keepTokensSeparator)) {
    const tags = tagsOf(strip(text));
    const kept = Math.max(keepTokens, 0);
    return { head: tags.slice(0, kept), flexible: tags.slice(kept), tail: [] };
  }
  // with keep_tokens_separator empty tags are removed, without it they are kept
  const [head = "", rest = ""] = cutAt(text, keepTokensSeparator);
  const [flexible = "", tail = ""] = cutAt(rest, keepTokensSeparator);
  const filled = (part: string) => tagsOf(part).filter((tag) => tag !== "");
  return { head: filled(head), flexible: filled(flexible), tail: filled(tail) };
}

/** The parts of a text before and after the first occurrence of a separator. */
function cutAt(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** A text after all replacements; an empty `from` replaces the whole text. */
export function replaceIn(text: string, replacements: Replacements, chance: CaptionChance): string {
  let replaced = text;
  for (const [from, to] of replacements) {
    const value = typeof to === "string" ? to : from === "" ? chance.choose(to, "templates") : to.join(" ");
    replaced = from === "" ? value : replaced.replaceAll(from, () => value);
  }
  return replaced;
}

/** Settings that change a caption at random. */
export type ChanceKind = "shuffling" | "tag dropout" | "templates" | "wildcards";

/** Makes the random choices in a caption. */
export interface CaptionChance {
  /** One of the items. */
  choose(items: readonly string[], kind: "templates" | "wildcards"): string;
  /** The tags in another order. */
  shuffle(tags: readonly string[]): string[];
  /** The tags that remain after each is dropped with probability `rate`. */
  drop(tags: readonly string[], rate: number): string[];
}

/** Random choices as in sd-scripts, draw for draw. */
function drawnBy(random: PythonRandom): CaptionChance {
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

const whiteSpace = String.raw`\t-\r\x1c- \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000`;
const blank = new RegExp(`[${whiteSpace}]`);

/** Strips white space as Python's `str.strip` defines it. */
export function strip(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && blank.test(text[start]!)) start++;
  while (end > start && blank.test(text[end - 1]!)) end--;
  return text.slice(start, end);
}
