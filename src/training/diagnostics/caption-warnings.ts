import { type DatasetGroup, templateCaptions } from "../../dataset/index.ts";
import { plural } from "../../errors/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import type { TrainingInputs } from "../setup/inputs.ts";
import { type PreparedPlaceholder, templateOf } from "../setup/placeholder.ts";
import type { Warning } from "../warnings.ts";
import {
  type CaptionReading,
  decidersOf,
  namesOf,
  readCaptions,
  readTexts,
  type Split,
  splitBy,
} from "./caption-readings.ts";
import { maxTokenLengthOf, PlaceholderReader, type ReadablePlaceholder } from "./placeholder-reader.ts";

interface CaptionContext extends Pick<TrainingInputs, "group" | "replacements"> {
  readonly placeholder: ReadablePlaceholder;
  readonly length: Pick<TrainingInputs["length"], "steps">;
}

/** Warnings before the first step about placeholder tokens missing from captions or cut off. Judged by the token ids that the text encoder gets, so that prefixes,
 *  wildcards, shuffling, templates and truncation are all included. Draws none of the run's random numbers. */
export function captionWarnings(
  settings: Pick<TrainSettings, "maxTokenLength" | "useObjectTemplate" | "useStyleTemplate">,
  { group, placeholder, replacements, length }: CaptionContext,
): Warning[] {
  const reader = new PlaceholderReader(placeholder, maxTokenLengthOf(settings));
  const template = templateOf(settings);
  const read = (isReg: boolean) => {
    const images = group.images.filter((image) => image.isReg === isReg);
    return readCaptions(images, { reader, replacements, maxTrainSteps: length.steps });
  };
  const readings = template ? readTemplate(template, placeholder, reader) : read(false);
  return [
    ...missingWarnings(readings, placeholder.tokens[0]!, reader),
    ...cutWarnings(readings, { placeholder, reader, what: template ? "template sentences" : "captions" }),
    ...dropoutWarnings(group),
    ...regularisationWarnings(read(true), placeholder.tokens[0]!),
  ];
}

/** The sentences of a template, named with the first placeholder token alone: there may be dozens. */
function readTemplate(
  template: "object" | "style",
  { tokens }: ReadablePlaceholder,
  reader: PlaceholderReader,
): CaptionReading[] {
  const names = templateCaptions(template, tokens.slice(0, 1));
  return readTexts(templateCaptions(template, tokens), reader, (index) => names[index]!);
}

function missingWarnings(readings: readonly CaptionReading[], token: string, reader: PlaceholderReader): Warning[] {
  const total = readings.length;
  const { always, byChance } = splitBy(readings, ({ word }) => word === "missing" || word === "inside");
  const inside = always.filter(({ outcomes }) => outcomes.some(({ reading }) => reading.word === "inside"));
  const nowhere = always.filter((caption) => !inside.includes(caption));
  const warnings: Warning[] = [];
  if (total > 0 && nowhere.length === total)
    warnings.push({
      code: "TOKEN_IN_NO_CAPTION",
      message: `"${token}" ${total === 1 ? "does not appear in the caption" : `appears in none of the ${total} captions`}, so it cannot be learned.${otherSpelling(nowhere, reader)} Write it into the captions or class_tokens, or use --use_object_template.`,
    });
  else if (nowhere.length > 0)
    warnings.push({
      code: "TOKEN_MISSING_IN_CAPTIONS",
      message: `"${token}" is missing from ${nowhere.length} of ${total} captions; their images teach it nothing: ${namesOf(nowhere)}.${otherSpelling(nowhere, reader)}`,
    });
  if (inside.length > 0)
    warnings.push({
      code: "TOKEN_INSIDE_WORD",
      message: `In ${inside.length} of ${total} captions "${token}" is only part of another word, such as "${surroundingWord(inside, reader)}", and is trained as that part: ${namesOf(inside)}. Put spaces around it, or choose another --token_string.`,
    });
  if (byChance.length > 0)
    warnings.push({
      code: "TOKEN_MISSING_BY_CHANCE",
      message: `In ${byChance.length} of ${total} captions ${decidersOf(byChance, ["wildcards", "tag dropout", "token warm-up"])} can leave "${token}" out: ${namesOf(byChance)}. Put it outside of braces and first, with --keep_tokens 1.`,
    });
  return warnings;
}

function textsOf(captions: readonly CaptionReading[]): string[] {
  return captions.flatMap(({ outcomes }) => outcomes.map(({ text }) => text));
}

function surroundingWord(captions: readonly CaptionReading[], reader: PlaceholderReader): string | undefined {
  return textsOf(captions)
    .map((text) => reader.surroundingWord(text))
    .find((found) => found !== undefined);
}

/** The hint that captions spell the token differently. */
function otherSpelling(captions: readonly CaptionReading[], reader: PlaceholderReader): string {
  const found = captions.flatMap((caption) => {
    const spellings = textsOf([caption]).map((text) => reader.otherSpelling(text));
    return spellings.find((spelling) => spelling !== undefined) ?? [];
  });
  return found.length === 0
    ? ""
    : ` "${found[0]}" appears in ${found.length} of them, but upper and lower case are not the same.`;
}

function dropoutWarnings({ images }: DatasetGroup): Warning[] {
  const settings = new Set(images.filter(({ isReg }) => !isReg).map(({ subset }) => subset.captions));
  const rate = Math.max(0, ...[...settings].map(({ captionDropoutRate }) => captionDropoutRate));
  const every = Math.min(
    ...[...settings].map(({ captionDropoutEveryNEpochs: epochs }) => (epochs > 0 ? epochs : Number.POSITIVE_INFINITY)),
  );
  const whose = [
    ...(rate > 0 ? [`${Number((Math.min(rate, 1) * 100).toFixed(1))} % of the time (caption_dropout_rate)`] : []),
    ...(Number.isFinite(every) ? [`in every epoch that ${every} divides (caption_dropout_every_n_epochs)`] : []),
  ];
  if (whose.length === 0) return [];
  const message = `Captions are dropped ${whose.join(" and ")}, and the word with them: their images teach it nothing then.`;
  return [{ code: "CAPTION_DROPOUT", message }];
}

function regularisationWarnings(readings: readonly CaptionReading[], token: string): Warning[] {
  const { always, byChance } = splitBy(readings, ({ vectors }) => vectors > 0);
  const holding = [...always, ...byChance];
  if (holding.length === 0) return [];
  const message = `"${token}" is also trained on ${holding.length} of ${plural(readings.length, "regularisation image")}, because it appears in their captions: ${namesOf(holding)}.`;
  return [{ code: "TOKEN_IN_REGULARISATION", message }];
}

interface CutContext {
  readonly placeholder: Pick<PreparedPlaceholder, "tokens">;
  readonly reader: PlaceholderReader;
  /** What was read, in the plural: "captions". */
  readonly what: string;
}

/** Values of --max_token_length. */
const longerLengths = [150, 225];

/** Warnings that the token limit cuts off all placeholder tokens, some of them, or the ends of captions. */
function cutWarnings(readings: readonly CaptionReading[], { placeholder, reader, what }: CutContext): Warning[] {
  const { capacity } = reader;
  const all = readings.flatMap(({ outcomes }) => outcomes.map(({ reading }) => reading));
  const longest = all.reduce((most, { tokens }) => Math.max(most, tokens), 0);
  if (longest <= capacity) return [];
  const told = (split: Split, consequence: string) => tellSplit(split, `${readings.length} ${what}`, consequence);
  const longer = remedyFor(longest, capacity);
  const warnings: Warning[] = [];
  const lost = splitBy(readings, ({ word }) => word === "cut");
  if (isAny(lost)) {
    const lies = `"${placeholder.tokens[0]}" comes after token ${capacity} and is cut off, so nothing is learned`;
    const kept = readings.some(({ decidedBy }) => decidedBy.has("shuffling"))
      ? " and stays there with --keep_tokens 1"
      : "";
    const remedy = `${longer}, or put the word first: then it is never cut off${kept}.`;
    warnings.push({ code: "TOKEN_CUT_OFF", message: `${told(lost, lies)}. ${remedy}` });
  }
  const partly = splitBy(readings, ({ word }) => word === "partly");
  if (isAny(partly)) {
    const left = all.flatMap((reading) => (reading.word === "partly" ? reading.vectors : []));
    const few = left.reduce((least, vectors) => Math.min(least, vectors), capacity);
    const lies = `vectors of the word come after token ${capacity} and are cut off: as few as ${few} of ${placeholder.tokens.length} are trained`;
    const remedy = `${longer}, or lower --num_vectors_per_token.`;
    warnings.push({ code: "VECTORS_CUT_OFF", message: `${told(partly, lies)}. ${remedy}` });
  }
  const long = splitBy(readings, ({ isCut }) => isCut);
  const isLong = `the text has more than ${capacity} tokens, up to ${longest}, and is cut`;
  return [...warnings, { code: "CAPTIONS_CUT", message: `${told(long, isLong)}. ${longer}.` }];
}

function isAny({ always, byChance }: Split): boolean {
  return always.length + byChance.length > 0;
}

function remedyFor(longest: number, capacity: number): string {
  const enough = longerLengths.find((length) => length >= longest);
  if (enough !== undefined) return `Use --max_token_length ${enough}`;
  const most = longerLengths.at(-1)!;
  return capacity < most ? `Shorten them to ${most} tokens and use --max_token_length ${most}` : "Shorten them";
}

/** "In 2 of 3 captions, and in 1 more depending on shuffling, ...: a.png, b.png, c.png" */
function tellSplit({ always, byChance }: Split, total: string, consequence: string): string {
  const by = decidersOf(byChance, ["shuffling", "wildcards", "tag dropout", "token warm-up"]);
  const names = namesOf([...always, ...byChance]);
  if (byChance.length === 0) return `In ${always.length} of ${total} ${consequence}: ${names}`;
  if (always.length === 0) return `In ${byChance.length} of ${total}, depending on ${by}, ${consequence}: ${names}`;
  return `In ${always.length} of ${total}, and in ${byChance.length} more depending on ${by}, ${consequence}: ${names}`;
}
