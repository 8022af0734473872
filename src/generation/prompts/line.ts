import type { Sampling, SizeConditions } from "../request.ts";

/** What a line of prompts says; options it does not give are undefined. */
export interface PromptLine {
  readonly prompt: string;
  readonly negativePrompt: string | undefined;
  /** `--c`, kept for the picture's metadata. */
  readonly clipPrompt: string | undefined;
  /** `--f` */
  readonly fileName: string | undefined;
  readonly options: LineOptions;
  /** Options of sd-scripts that are not there yet, as written, without dashes. */
  readonly unsupported: readonly string[];
  /** Options whose value is no number. */
  readonly malformed: readonly string[];
}

export interface LineOptions extends Partial<Pick<Sampling, "width" | "height" | "steps" | "guidanceScale" | "strength">> {
  /** null: none, whatever the command line says. */
  readonly negativeScale?: number | null;
  readonly sizeConditions?: SizeConditions;
}

const separator = " --";
const mostSteps = 1000;

/** How the value of an option begins; what follows is passed over. */
const integer = /^\p{Nd}+/u;
const decimal = /^[\p{Nd}.]+/u;
const text = /^[^\n]+/;

interface Draft {
  negativePrompt?: string;
  clipPrompt?: string;
  fileName?: string;
  readonly options: { -readonly [Name in keyof LineOptions]: LineOptions[Name] };
}

interface Form {
  readonly value: RegExp;
  readonly apply: (draft: Draft, value: string) => void;
}

const sizeForm = (name: keyof SizeConditions): Form => ({
  value: integer,
  apply: ({ options }, value) => {
    options.sizeConditions = { ...options.sizeConditions, [name]: numberOf(value) };
  },
});

const numberForm = (name: "width" | "height" | "guidanceScale" | "strength", value: RegExp): Form => ({
  value,
  apply: ({ options }, written) => {
    options[name] = numberOf(written);
  },
});

const forms: Readonly<Record<string, Form>> = {
  w: numberForm("width", integer),
  h: numberForm("height", integer),
  ow: sizeForm("originalWidth"),
  oh: sizeForm("originalHeight"),
  nw: sizeForm("originalWidthNegative"),
  nh: sizeForm("originalHeightNegative"),
  ct: sizeForm("cropTop"),
  cl: sizeForm("cropLeft"),
  s: {
    value: integer,
    apply: ({ options }, value) => {
      options.steps = Math.min(mostSteps, Math.max(1, numberOf(value)));
    },
  },
  l: numberForm("guidanceScale", decimal),
  nl: {
    value: /^(?:none|[\p{Nd}.]+)/iu,
    apply: ({ options }, value) => {
      options.negativeScale = value.toLowerCase() === "none" ? null : numberOf(value);
    },
  },
  t: numberForm("strength", decimal),
  n: { value: text, apply: (draft, value) => void (draft.negativePrompt = value) },
  c: { value: text, apply: (draft, value) => void (draft.clipPrompt = value) },
  f: { value: text, apply: (draft, value) => void (draft.fileName = value) },
};

/** Network multipliers, Deep Shrink and Gradual Latent. */
const unsupportedForms: Readonly<Record<string, RegExp>> = {
  am: /^[\p{Nd}.\-,]+/u,
  ...Object.fromEntries(["dsd1", "dst1", "dsd2", "dst2", "dsr"].map((name) => [name, /^[\p{Nd}.\-]+/u])),
  ...Object.fromEntries(["glt", "glr", "gle", "gls", "glsn", "glus"].map((name) => [name, /^[\p{Nd}.\-,]+/u])),
};

/** Reads a prompt with the options behind it: "a cat --n blurry --w 640". Options that match no form are passed over, as sd-scripts does. */
export function parsePromptLine(line: string): PromptLine {
  const [prompt, ...parts] = line.trim().split(separator) as [string, ...string[]];
  const draft: Draft = { options: {} };
  const unsupported: string[] = [];
  const malformed: string[] = [];
  for (const part of parts) {
    const [, name = "", rest = ""] = /^([a-z]+\d?) (.*)$/is.exec(part) ?? [];
    const key = name.toLowerCase();
    if (Object.hasOwn(unsupportedForms, key) && unsupportedForms[key]!.test(rest)) unsupported.push(key);
    const form = Object.hasOwn(forms, key) ? forms[key]! : undefined;
    const [value] = form?.value.exec(rest) ?? [];
    if (!form || value === undefined) continue;
    if (form.value !== text && !/none/i.test(value) && Number.isNaN(numberOf(value))) malformed.push(part);
    else form.apply(draft, value);
  }
  const { negativePrompt, clipPrompt, fileName, options } = draft;
  return { prompt, negativePrompt, clipPrompt, fileName, options, unsupported, malformed };
}

/** Full-width digits count too. */
function numberOf(value: string): number {
  return Number(value.normalize("NFKC"));
}

/** A line without its list of seeds (`--d 1,2,3`), and the seeds. They are taken out before choices in braces are made.
 *  Undefined when the list is none. */
export function takeSeeds(line: string): { readonly line: string; readonly seeds: readonly number[] | undefined } | undefined {
  const match = / --d ([\p{Nd}+,]+)/iu.exec(line);
  if (!match) return { line, seeds: undefined };
  const parts = match[1]!.split(",");
  const seeds = parts.map(numberOf);
  const isList = seeds.every(Number.isSafeInteger) && parts.every((part) => /^\+?\p{Nd}+$/u.test(part));
  const rest = line.slice(0, match.index) + line.slice(match.index + match[0].length);
  return isList ? { line: rest, seeds } : undefined;
}
