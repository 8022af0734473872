import { numTrainTimesteps } from "../../diffusion/index.ts";
import { beginningOf } from "../../errors/index.ts";
import type { Sampling, SizeConditions } from "../../pipeline/index.ts";

/** Patterns for the start of an option's value; the rest is ignored. Digits may be full-width. */
const patterns = {
  integer: /^\p{Nd}+/u,
  seed: /^(?:-1(?![\p{Nd}.])|\p{Nd}+)/u,
  decimal: /^[\p{Nd}.]+/u,
  decimalOrNone: /^(?:none|[\p{Nd}.]+)/iu,
  text: /^[^\n]+/,
  list: /^[\p{Nd}.,-]+/u,
} as const;

type ValueKind = keyof typeof patterns;

/** Options that may follow a prompt, by name in lower case: the setting and the kind of its value. */
export type OptionForms<Setting> = ReadonlyMap<string, readonly [setting: Setting, kind: ValueKind]>;

/** "--NAME VALUE" after a prompt. */
interface LineOption<Setting> {
  /** The name as written, without dashes. */
  readonly part: string;
  /** The name in lower case. */
  readonly name: string;
  /** Undefined for an unknown name. */
  readonly setting: Setting | undefined;
  /** Undefined if none was recognized; NaN for a malformed number, null for "none". */
  readonly value: string | number | null | undefined;
  readonly written: string;
  /** The text after the value. */
  readonly rest: string;
}

/** A line split at every " --": the prompt, then the options without dashes. */
export function splitLine(line: string): readonly [prompt: string, ...options: string[]] {
  return line.trim().split(" --") as [string, ...string[]];
}

/** Splits a line into the prompt and its options: "a cat --n blurry --w 640". Source: sd-scripts `gen_img.py`, main, and
 *  `library/train_util.py`, line_to_prompt_dict. */
export function readLine<Setting>(
  line: string,
  forms: OptionForms<Setting>,
): { readonly prompt: string; readonly options: readonly LineOption<Setting>[] } {
  const [prompt, ...parts] = splitLine(line);
  const options = parts.map((part) => {
    const [, name = "", behind = ""] = /^(\w+) (.*)$/s.exec(part) ?? [];
    const [setting, kind = "text"] = forms.get(name.toLowerCase()) ?? [];
    const written = setting === undefined ? undefined : patterns[kind].exec(behind)?.[0];
    return {
      ...{ part, name: name.toLowerCase(), setting },
      value: written && readValue(written, kind),
      written: written ?? "",
      rest: behind.slice(written?.length).trim(),
    };
  });
  return { prompt, options };
}

function readValue(written: string, kind: ValueKind): string | number | null {
  if (kind === "text" || kind === "list") return written;
  return written.toLowerCase() === "none" ? null : numberOf(written);
}

function numberOf(written: string): number {
  return Number(written.normalize("NFKC"));
}

/** A line of the generator's prompt file. */
export interface PromptLine {
  readonly prompt: string;
  readonly options: LineOptions;
  readonly sizeConditions: SizeConditions;
  /** Options of sd-scripts that are not supported yet, without dashes. */
  readonly unsupported: readonly string[];
  /** Options whose value is not a number, as written, without dashes. */
  readonly malformed: readonly string[];
  /** Warnings about unknown options, and about text after an option's value. */
  readonly ignored: readonly string[];
}

/** Settings from the options after a prompt; the rest are the command line's. */
interface LineOptions extends Partial<Pick<Sampling, "width" | "height" | "steps" | "guidanceScale" | "strength">> {
  readonly negativePrompt?: string;
  /** null: none, overriding the command line. */
  readonly negativeScale?: number | null;
  /** Kept for the image's metadata. */
  readonly clipPrompt?: string;
  readonly fileName?: string;
}

type Setting = keyof LineOptions | keyof SizeConditions | "unsupported";

const forms: OptionForms<Setting> = new Map<string, readonly [Setting, ValueKind]>([
  ["w", ["width", "integer"]],
  ["h", ["height", "integer"]],
  ["ow", ["originalWidth", "integer"]],
  ["oh", ["originalHeight", "integer"]],
  ["nw", ["originalWidthNegative", "integer"]],
  ["nh", ["originalHeightNegative", "integer"]],
  ["ct", ["cropTop", "integer"]],
  ["cl", ["cropLeft", "integer"]],
  ["s", ["steps", "integer"]],
  ["l", ["guidanceScale", "decimal"]],
  ["nl", ["negativeScale", "decimalOrNone"]],
  ["t", ["strength", "decimal"]],
  ["n", ["negativePrompt", "text"]],
  ["c", ["clipPrompt", "text"]],
  ["f", ["fileName", "text"]],
  // multipliers of networks, Deep Shrink, Gradual Latent
  ...["am", "dsd1", "dst1", "dsd2", "dst2", "dsr", "glt", "glr", "gle", "gls", "glsn", "glus"].map(
    (name) => [name, ["unsupported", "list"]] as const,
  ),
]);

/** Reads a prompt with its options. Unknown options are ignored, as in sd-scripts. */
export function parsePromptLine(line: string): PromptLine {
  const { prompt, options } = readLine(line, forms);
  const found = new Map<string, string | number | null>();
  const unsupported: string[] = [];
  const malformed: string[] = [];
  const ignored: string[] = [];
  for (const { part, name, setting, value, written, rest } of options) {
    if (!setting || value === undefined) {
      ignored.push(whyIgnored(part, name, setting !== undefined));
      continue;
    }
    if (rest !== "") ignored.push(`"${beginningOf(rest)}" behind --${name} ${written} is ignored.`);
    if (setting === "unsupported") unsupported.push(name);
    else if (Number.isNaN(value)) malformed.push(part);
    else found.set(setting, setting === "steps" ? Math.min(numTrainTimesteps, Math.max(1, Number(value))) : value);
  }
  const entries = [...found];
  const isSize = ([setting]: readonly [string, unknown]) => /^(original|crop)/.test(setting);
  return {
    prompt,
    options: Object.fromEntries(entries.filter((entry) => !isSize(entry))),
    sizeConditions: Object.fromEntries(entries.filter(isSize)),
    unsupported,
    malformed,
    ignored,
  };
}

function whyIgnored(part: string, name: string, isKnown: boolean): string {
  if (isKnown) return `--${beginningOf(part)} is ignored: its value is not a number.`;
  const means = (setting: string) => name.length > 2 && setting.toLowerCase().includes(name);
  const [near] = [...forms].find(([, [setting]]) => means(setting)) ?? [];
  return `"--${beginningOf(part)}" is ignored: " --" begins an option, and no option has this name.${near ? ` Did you mean --${near}?` : ""}`;
}

/** A line without its list of seeds (`--d 1,2,3`), and the seeds. They are removed before choices in braces are made.
 *  Undefined if the list is malformed.
 *  differs from sd-scripts: --d -1 in a prompt stays in the line as an option that does not exist.
 *  coinage: --d -1 means a random seed.
 *  because: other programs understand it so. */
export function takeSeeds(
  line: string,
): { readonly line: string; readonly seeds: readonly number[] | undefined } | undefined {
  const match = / --d (-1(?![\p{Nd},])|[\p{Nd}+,]+)/iu.exec(line);
  if (!match) return { line, seeds: undefined };
  const parts = match[1]!.split(",");
  const seeds = parts.map(numberOf);
  const isList = parts.every((part) => /^\+?\p{Nd}+$/u.test(part)) && seeds.every(Number.isSafeInteger);
  const rest = line.slice(0, match.index) + line.slice(match.index + match[0].length);
  if (match[1] === "-1") return { line: rest, seeds: undefined };
  return isList ? { line: rest, seeds } : undefined;
}
