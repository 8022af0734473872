import { type CaptionReading, decidersOf, namesOf, type Split, splitBy } from "./caption-readings.ts";
import type { Sign } from "./signs.ts";
import type { TaughtWord } from "./word.ts";
import type { WordReader } from "./word-reader.ts";

interface CutContext {
  readonly word: Pick<TaughtWord, "tokens">;
  readonly reader: WordReader;
  /** What the readings are of, in the plural. */
  readonly what: string;
}

/** The lengths that --max_token_length takes. */
const longerLengths = [150, 225];

/** What the limit of tokens cuts off: the whole word, some of its vectors, or the ends of captions. */
export function cutWarnings(readings: readonly CaptionReading[], { word, reader, what }: CutContext): Sign[] {
  const { capacity } = reader;
  const all = readings.flatMap(({ outcomes }) => outcomes.map(({ reading }) => reading));
  const longest = all.reduce((most, { tokens }) => Math.max(most, tokens), 0);
  if (longest <= capacity) return [];
  const told = (split: Split, consequence: string) => tellSplit(split, `${readings.length} ${what}`, consequence);
  const longer = remedyFor(longest, capacity);
  const signs: Sign[] = [];
  const lost = splitBy(readings, ({ word }) => word === "cut");
  if (isAny(lost)) {
    const lies = `"${word.tokens[0]}" lies behind token ${capacity} and is cut off, so that nothing is learned`;
    const kept = readings.some(({ decidedBy }) => decidedBy.has("shuffling"))
      ? " and stays there with --keep_tokens 1"
      : "";
    const remedy = `${longer}, or put the word first: it is never cut off then${kept}.`;
    signs.push({ code: "TOKEN_CUT_OFF", message: `${told(lost, lies)}. ${remedy}` });
  }
  const partly = splitBy(readings, ({ word }) => word === "partly");
  if (isAny(partly)) {
    const left = all.flatMap((reading) => (reading.word === "partly" ? reading.vectors : []));
    const few = left.reduce((least, vectors) => Math.min(least, vectors), capacity);
    const lies = `vectors of the word lie behind token ${capacity} and are cut off: as few as ${few} of ${word.tokens.length} are trained`;
    const remedy = `${longer}, or take fewer --num_vectors_per_token.`;
    signs.push({ code: "VECTORS_CUT_OFF", message: `${told(partly, lies)}. ${remedy}` });
  }
  const long = splitBy(readings, ({ isCut }) => isCut);
  const isLong = `the text has more than ${capacity} tokens, up to ${longest}, and is cut`;
  return [...signs, { code: "CAPTIONS_CUT", message: `${told(long, isLong)}. ${longer}.` }];
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

/** "In 2 of 3 captions ...; shuffling decides whether in 1 more: a.png, b.png, c.png" */
function tellSplit({ always, byChance }: Split, total: string, consequence: string): string {
  const by = decidersOf(byChance, ["shuffling", "wildcards", "tag dropout", "token warm-up"]);
  const names = namesOf([...always, ...byChance]);
  if (byChance.length === 0) return `In ${always.length} of ${total} ${consequence}: ${names}`;
  if (always.length === 0) return `In ${byChance.length} of ${total}, as ${by} may have it, ${consequence}: ${names}`;
  return `In ${always.length} of ${total}, and in ${byChance.length} more as ${by} may have it, ${consequence}: ${names}`;
}
