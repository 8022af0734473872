import type { Option, OptionValue, StepCount } from "./option.ts";

const digits = String.raw`\d+(?:_\d+)*`;
const integerSyntax = new RegExp(`^[+-]?${digits}$`);
const floatSyntax = new RegExp(
  `^[+-]?(?:(?:${digits}(?:\\.(?:${digits})?)?|\\.${digits})(?:e[+-]?${digits})?|inf|infinity|nan)$`,
  "i",
);

/** The value of one word of the command line, or undefined if the option does not take it. */
export function readWord(option: Option, word: string): OptionValue | undefined {
  const value = readTyped(option, word);
  return value !== undefined && isAllowed(option, value) ? value : undefined;
}

/** Whether a value is one of an option's choices and not below its minimum. */
export function isAllowed({ choices, minimum }: Option, value: OptionValue): boolean {
  if (choices && !choices.includes(value as string | number)) return false;
  return minimum === undefined || typeof value !== "number" || value >= minimum;
}

function readTyped(option: Option, word: string): OptionValue | undefined {
  switch (option.type) {
    case "string":
      return word;
    case "int":
      return readInteger(word);
    case "float":
      return readFloat(word);
    case "intOrRatio":
      return readStepCount(word);
    case "size":
      return sizeOf(word.split(",").map(readInteger));
    case "range":
      return rangeOf(word.split(",").map(readFloat));
    case "rates":
      return readFloat(word) ?? (word.includes(":") ? word : undefined);
    case "switch":
      return undefined;
  }
}

/** The word that `readWord` reads as this value. For lists see `wordsOf`. */
function wordOf(value: OptionValue): string {
  if (Array.isArray(value)) return value.join(",");
  if (typeof value !== "object") return pythonText(value);
  if ("steps" in value) return String(value.steps);
  if (!("ratio" in value)) return String(value);
  return value.ratio < 1 ? String(value.ratio) : `${Number((value.ratio * 100).toPrecision(15))}%`;
}

/** The words that follow a flag for this value; none for a switch. */
export function wordsOf(option: Option, value: OptionValue): string[] {
  if (option.type === "switch") return [];
  return option.count && Array.isArray(value) ? value.map((entry: string | number) => wordOf(entry)) : [wordOf(value)];
}

function pythonText(value: string | number | boolean): string {
  return value === Number.POSITIVE_INFINITY ? "inf" : value === Number.NEGATIVE_INFINITY ? "-inf" : String(value);
}

/** An integer in Python's syntax; undefined beyond 2^53, where it would silently change. */
function readInteger(word: string): number | undefined {
  const text = word.trim();
  if (!integerSyntax.test(text)) return undefined;
  const value = Number(text.replaceAll("_", ""));
  // the integer -0 is 0
  return Number.isSafeInteger(value) ? value || 0 : undefined;
}

/** A number in Python's float syntax: "1e-4", ".5", "inf". */
function readFloat(word: string): number | undefined {
  const text = word.trim();
  if (!floatSyntax.test(text)) return undefined;
  return Number(
    text
      .replaceAll("_", "")
      .replace(/inf(inity)?/i, "Infinity")
      .replace(/[+-]?nan/i, "NaN"),
  );
}

function readStepCount(word: string): OptionValue | undefined {
  if (word.endsWith("%")) return stepShare(readFloat(word.slice(0, -1)), 100);
  const number = readFloat(word);
  if (number === undefined || number < 1) return stepShare(number, 1);
  const steps = readInteger(word);
  return steps === undefined ? undefined : { steps };
}

/** A fraction of all steps: `amount` of `whole`. */
export function stepShare(amount: number | undefined, whole: number): OptionValue | undefined {
  if (amount === 0) return { steps: 0 };
  return amount !== undefined && amount > 0 && Number.isFinite(amount) ? { ratio: amount / whole } : undefined;
}

/** Seconds of a duration such as 30m, 2h, 1h30m or 90s; a plain number is seconds. */
export function readDuration(word: string): number | undefined {
  const [whole, hours, minutes, seconds] =
    /^\s*(?:(\d+(?:\.\d+)?)\s*h)?\s*(?:(\d+(?:\.\d+)?)\s*m(?:in)?)?\s*(?:(\d+(?:\.\d+)?)\s*s?)?\s*$/i.exec(word) ?? [];
  if (whole === undefined || whole.trim() === "") return undefined;
  return 3600 * Number(hours ?? 0) + 60 * Number(minutes ?? 0) + Number(seconds ?? 0);
}

/** Width and height from one number (a square) or two. */
export function sizeOf(sides: readonly (number | undefined)[]): OptionValue | undefined {
  const [width, height = width] = sides;
  return isSide(width) && isSide(height) && sides.length <= 2 && !sides.includes(undefined)
    ? [width, height]
    : undefined;
}

function isSide(value: number | undefined): value is number {
  return value !== undefined && Number.isSafeInteger(value) && value > 0;
}

/** Two numbers in order. */
export function rangeOf(ends: readonly (number | undefined)[]): OptionValue | undefined {
  const [low, high] = ends;
  return ends.length === 2 && low !== undefined && high !== undefined && low <= high ? [low, high] : undefined;
}

/** The values an option takes, for messages: "a whole number, at least 1". */
export function wantedBy(option: Option): string {
  if (option.choices) return `one of ${option.choices.join(", ")}`;
  const atLeast = option.minimum === undefined ? "" : `, at least ${option.minimum}`;
  return `${wantedByType[option.type]}${atLeast}`;
}

const wantedByType = {
  string: "text",
  int: "a whole number",
  float: "a number",
  switch: "no value",
  intOrRatio: "a number of steps (100) or a fraction of all steps (0.1 or 10%)",
  size: "a size in pixels such as 512 or 512,768",
  rates: 'a number, or a list such as "0.05:10, 0.02:20, 0.005"',
  range: "two numbers, the smaller first, such as 1.2,1.8",
} as const;

/** A step count as a number: a fraction of all steps is rounded down to whole steps. */
export function resolveStepCount(count: StepCount, totalSteps: number): number {
  return "steps" in count ? count.steps : Math.trunc(count.ratio * totalSteps);
}

/** The norm to hold vectors at: their initial one, a number, or a multiple of the mean norm of the model's words. */
type NormTarget = "init" | { readonly length: number } | { readonly words: number };

/** "init", "0.4", "1.5x" or "vocab", which is "1x"; undefined for anything else. */
export function readNormTarget(text: string): NormTarget | undefined {
  if (text === "init") return text;
  if (text === "vocab") return { words: 1 };
  const [, number, isFactor] = /^(\d*\.?\d+(?:e[+-]?\d+)?)(x?)$/i.exec(text.trim()) ?? [];
  const value = Number(number);
  if (!(value > 0 && value < Number.POSITIVE_INFINITY)) return undefined;
  return isFactor ? { words: value } : { length: value };
}
