import { beginningOf } from "../../errors/index.ts";
import type { Sampling, SizeConditions } from "../request.ts";

/** What a line of prompts says. */
export interface PromptLine {
  readonly prompt: string;
  readonly options: LineOptions;
  readonly sizeConditions: SizeConditions;
  /** Options of sd-scripts that are not there yet, without dashes. */
  readonly unsupported: readonly string[];
  /** Options whose value is no number, as written, without dashes. */
  readonly malformed: readonly string[];
  /** What is read as an option and is none, or stands behind the value of one: what to say of it. */
  readonly ignored: readonly string[];
}

/** What the options behind a prompt set; the command line says the rest. */
export interface LineOptions
  extends Partial<Pick<Sampling, "width" | "height" | "steps" | "guidanceScale" | "strength">> {
  readonly negativePrompt?: string;
  /** null: none, whatever the command line says. */
  readonly negativeScale?: number | null;
  /** Kept for the picture's metadata. */
  readonly clipPrompt?: string;
  readonly fileName?: string;
}

const separator = " --";
const mostSteps = 1000;

/** How the value of an option begins; what follows is passed over. Digits may be full-width. */
const patterns = {
  integer: /^\p{Nd}+/u,
  decimal: /^[\p{Nd}.]+/u,
  decimalOrNone: /^(?:none|[\p{Nd}.]+)/iu,
  text: /^[^\n]+/,
  unsupported: /^[\p{Nd}.,-]+/u,
} as const;

type Form = readonly [setting: keyof LineOptions | keyof SizeConditions | "unsupported", kind: keyof typeof patterns];

const forms: ReadonlyMap<string, Form> = new Map<string, Form>([
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
    (name): [string, Form] => [name, ["unsupported", "unsupported"]],
  ),
]);

/** Reads a prompt with the options behind it: "a cat --n blurry --w 640". Options that match no form are ignored, as sd-scripts does. */
export function parsePromptLine(line: string): PromptLine {
  const [prompt, ...parts] = line.trim().split(separator) as [string, ...string[]];
  const found = new Map<string, string | number | null>();
  const unsupported: string[] = [];
  const malformed: string[] = [];
  const ignored: string[] = [];
  for (const part of parts) {
    const [, name = "", rest = ""] = /^(\w+) (.*)$/s.exec(part) ?? [];
    const [setting, kind] = forms.get(name.toLowerCase()) ?? [];
    const [written] = kind ? (patterns[kind].exec(rest) ?? []) : [];
    if (!setting || !kind || written === undefined) {
      ignored.push(whyIgnored(part, name, setting !== undefined));
      continue;
    }
    const remainder = rest.slice(written.length).trim();
    if (remainder !== "") ignored.push(`"${beginningOf(remainder)}" behind --${name} ${written} is ignored.`);
    const value = readValue(written, kind);
    if (setting === "unsupported") unsupported.push(name.toLowerCase());
    else if (Number.isNaN(value)) malformed.push(part);
    else found.set(setting, setting === "steps" ? Math.min(mostSteps, Math.max(1, Number(value))) : value);
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
  if (isKnown) return `--${beginningOf(part)} is ignored: its value is no number.`;
  const means = (setting: string) => name.length > 2 && setting.toLowerCase().includes(name.toLowerCase());
  const [near] = [...forms].find(([, [setting]]) => means(setting)) ?? [];
  return `"--${beginningOf(part)}" is ignored: " --" begins an option, and there is none of this name.${near ? ` Did you mean --${near}?` : ""}`;
}

function readValue(written: string, kind: keyof typeof patterns): string | number | null {
  if (kind === "text" || kind === "unsupported") return written;
  return written.toLowerCase() === "none" ? null : numberOf(written);
}

function numberOf(written: string): number {
  return Number(written.normalize("NFKC"));
}

/** A line without its list of seeds (`--d 1,2,3`), and the seeds. They are taken out before choices in braces are made.
 *  Undefined when the list is none. differs from sd-scripts: -1 is no seed, as in other programs; there it is ignored. */
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
