import type { Size } from "../pictures/index.ts";

/** What a setting is for. `accepted-without-effect`: accepted so that a pasted command line works; its note says why it does nothing. */
export type Effect = "numbers" | "files" | "display" | "speed" | "accepted-without-effect";

/** How the words of a flag are read.
 *  `int`, `float`: Python's syntax. `switch`: no word. `intOrRatio`: "100", "0.1" or "10%". `size`: "512" or "512,768". `range`: "low,high".
 *  `rates`: a number, or the text of a list of learning rates, which is parsed where the schedule is made. */
export type OptionType = "string" | "int" | "float" | "switch" | "intOrRatio" | "size" | "range" | "rates";

/** A number of steps, or a fraction of all steps (always above 0; nothing is `{ steps: 0 }`). */
export type StepCount = { readonly steps: number } | { readonly ratio: number };

export type Range = readonly [low: number, high: number];

export type OptionValue = string | number | boolean | StepCount | Size | Range | readonly string[] | readonly number[];

interface OptionShape {
  readonly type: OptionType;
  /** The setting's name in code, where that of the flag in camelCase is not readable or another program's; the latter is accepted too. */
  readonly setting?: string;
  /** The only words allowed on the command line. */
  readonly choices?: readonly (string | number)[];
  /** What a settings file may contain beyond `choices`. */
  readonly fileChoices?: readonly (string | number)[];
  /** What the flag means where no word follows. */
  readonly alone?: string;
  /** How many words follow; one by default, `any` may be none. */
  readonly count?: "any" | 2;
  /** The smallest number allowed. */
  readonly minimum?: number;
  /** Without one an absent setting is `undefined`, an absent switch `false`. */
  readonly default?: OptionValue;
  /** One or two sentences on what it does; default and choices are added where it is printed. */
  readonly help: string;
}

/** How far a flag is supported. Once it is implemented, its `state` and `note` go.
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
