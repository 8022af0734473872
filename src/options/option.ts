import type { Size } from "../pictures/index.ts";

/** What a setting affects. `accepted-without-effect`: accepted so that pasted command lines work; its note says why it does nothing. */
export type Effect = "numbers" | "files" | "display" | "speed" | "accepted-without-effect";

/** How the words of a flag are read.
 *  `int`, `float`: Python's syntax. `switch`: no word. `intOrRatio`: "100", "0.1" or "10%". `size`: "512" or "512,768". `range`: "low,high".
 *  `rates`: a number, or a list of learning rates as text, which the schedule parses. */
export type OptionType = "string" | "int" | "float" | "switch" | "intOrRatio" | "size" | "range" | "rates";

/** A number of steps, or a fraction of all steps (above 0; zero is `{ steps: 0 }`). */
export type StepCount = { readonly steps: number } | { readonly ratio: number };

export type Range = readonly [low: number, high: number];

export type OptionValue = string | number | boolean | StepCount | Size | Range | readonly string[] | readonly number[];

interface OptionShape {
  readonly type: OptionType;
  /** The setting's name in code, if the flag's name in camelCase is unreadable or another program's; the latter is accepted too. */
  readonly setting?: string;
  /** The only words allowed on the command line. */
  readonly choices?: readonly (string | number)[];
  /** Values allowed in a settings file besides `choices`. */
  readonly fileChoices?: readonly (string | number)[];
  /** The value of the flag if no word follows. */
  readonly alone?: string;
  /** How many words follow (default: one); `any` includes none. */
  readonly count?: "any" | 2;
  /** The smallest number allowed. */
  readonly minimum?: number;
  /** Without a default, a missing setting is `undefined` and a missing switch `false`. */
  readonly default?: OptionValue;
  /** One or two sentences on what the flag does; default and choices are appended when printed. */
  readonly help: string;
}

/** How far a flag is supported. Implemented flags have neither `state` nor `note`.
 *  `later`: accepted with one warning; `refused`: an error, because ignoring it would mislead. The note finishes the sentence. */
type OptionSupport =
  | { readonly effect: Exclude<Effect, "accepted-without-effect">; readonly state?: never; readonly note?: never }
  | { readonly effect: "accepted-without-effect"; readonly state?: never; readonly note: string }
  | { readonly effect: Effect; readonly state: "later" | "refused"; readonly note: string };

/** One flag, described once: parser, help, settings files, types and docs/options.md come from it. */
export type Option = OptionShape & OptionSupport;

/** Options by flag name, spelled as in sd-scripts, without the leading dashes. */
export type OptionTable = Readonly<Record<string, Option>>;

export interface OptionGroup {
  readonly title: string;
  readonly options: OptionTable;
}
