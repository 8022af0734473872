import {
  type CaptionOutcomes,
  type CaptionSettings,
  captionOutcomes,
  type Replacements,
  type TrainingImage,
} from "../../dataset/index.ts";
import { firstFew } from "../../errors/index.ts";
import type { PlaceholderReader, PlaceholderReading } from "./placeholder-reader.ts";

/** A random choice that a caption depends on. */
type Decider = CaptionOutcomes["decidedBy"] extends ReadonlySet<infer Kind> ? Kind : never;

/** Everything that one caption can become for the text encoder. */
export interface CaptionReading {
  /** The image's path, or a sentence of a template. */
  readonly name: string;
  /** Each outcome with its reading of the word. */
  readonly outcomes: readonly { readonly text: string; readonly reading: PlaceholderReading }[];
  readonly decidedBy: CaptionOutcomes["decidedBy"];
}

/** Outcomes examined: most and fewest per caption, and most for all captions together. */
const [mostOfOne, leastOfOne, mostOfAll] = [64, 4, 30_000];

interface ReadOptions {
  readonly reader: PlaceholderReader;
  readonly replacements: Replacements;
  readonly maxTrainSteps: number;
}

/** Reads every outcome of every caption. Equal captions are read once. */
export function readCaptions(images: readonly TrainingImage[], options: ReadOptions): CaptionReading[] {
  const { reader, replacements, maxTrainSteps } = options;
  const most = Math.max(leastOfOne, Math.min(mostOfOne, Math.floor(mostOfAll / images.length)));
  const weigh = (text: string) => reader.weigh(text);
  const known = new Map<CaptionSettings, Map<string, Omit<CaptionReading, "name">>>();
  const read = (caption: string, settings: CaptionSettings) => {
    const { texts, decidedBy } = captionOutcomes(caption, settings, { maxTrainSteps, replacements, weigh, most });
    return { outcomes: outcomesOf(texts, reader), decidedBy };
  };
  return images.map(({ path, caption, subset: { captions: settings } }) => {
    const ofSubset = known.get(settings) ?? new Map<string, Omit<CaptionReading, "name">>();
    const reading = ofSubset.get(caption) ?? read(caption, settings);
    known.set(settings, ofSubset.set(caption, reading));
    return { name: path, ...reading };
  });
}

/** Reads texts with a single outcome, such as the sentences of a template. nameOf: the name of the text at an index. */
export function readTexts(
  texts: readonly string[],
  reader: PlaceholderReader,
  nameOf: (index: number) => string,
): CaptionReading[] {
  return texts.map((text, i) => ({
    name: `"${nameOf(i)}"`,
    outcomes: outcomesOf([text], reader),
    decidedBy: new Set(),
  }));
}

function outcomesOf(texts: readonly string[], reader: PlaceholderReader): CaptionReading["outcomes"] {
  return texts.map((text) => ({ text, reading: reader.read(text) }));
}

/** The captions of which something is true: in every outcome, or in some. */
export interface Split {
  readonly always: readonly CaptionReading[];
  readonly byChance: readonly CaptionReading[];
}

export function splitBy(readings: readonly CaptionReading[], isSo: (reading: PlaceholderReading) => boolean): Split {
  const counts = readings.map((caption) => ({
    caption,
    so: caption.outcomes.filter(({ reading }) => isSo(reading)).length,
  }));
  const always = counts.filter(({ caption, so }) => so === caption.outcomes.length);
  const byChance = counts.filter(({ caption, so }) => so > 0 && so < caption.outcomes.length);
  return { always: always.map(({ caption }) => caption), byChance: byChance.map(({ caption }) => caption) };
}

/** "shuffling and wildcards": those of `able` that captions depend on. */
export function decidersOf(captions: readonly CaptionReading[], able: readonly Decider[]): string {
  const found = able.filter((decider) => captions.some(({ decidedBy }) => decidedBy.has(decider)));
  return found.join(" and ");
}

/** "a.png, b.png and 2 more" */
export function namesOf(captions: readonly CaptionReading[]): string {
  return firstFew(captions.map(({ name }) => name));
}
