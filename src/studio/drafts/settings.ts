import { CoinageError, nearestName } from "../../errors/index.ts";
import {
  defaultText,
  flagWords,
  type Option,
  type OptionValue,
  placeholderOf,
  readWord,
  settingName,
  supportText,
  trainGroups,
  trainTable,
} from "../../options/index.ts";

/** Values of a draft's settings by sd-scripts' flag names. */
export type DraftSettings = Readonly<Record<string, string | number | boolean | readonly (string | number)[]>>;

/** A setting as the page's form shows it. */
export interface ListedSetting {
  readonly flag: string;
  readonly group: string;
  readonly help: string;
  readonly kind: "switch" | "integer" | "number" | "choice" | "text" | "list";
  readonly choices?: readonly (string | number)[];
  /** As written on a command line. */
  readonly default?: string;
  /** The expected format: "N|X|N%". */
  readonly placeholder: string;
  /** Why the setting has no effect. */
  readonly note?: string;
  /** Whether it is one of the few shown without a search. */
  readonly isFirst: boolean;
}

const table: Readonly<Record<string, Option>> = trainTable;

/** Free-text settings that a draft may have. Other texts are files, addresses or secrets, which a page must not choose;
 *  model, word, pictures and output of a draft are set elsewhere. */
const freeTexts: ReadonlySet<string> = new Set([
  ...["init_word", "learning_rate", "optimizer_type", "optimizer_args", "lr_scheduler_type", "lr_scheduler_args"],
  ...["caption_separator", "secondary_separator", "keep_tokens_separator", "caption_prefix", "caption_suffix"],
  ...["training_comment", "metadata_title", "metadata_author", "metadata_description", "metadata_license"],
  ...["metadata_tags", "class_tokens", "alpha_background", "recipe", "time"],
  ...["init", "keep", "norm_target", "prior_pull"],
]);

/** The settings shown first, in this order: those that people change most, besides the page's own fields. */
const first: readonly string[] = [
  ...["max_train_steps", "resolution", "train_batch_size", "gradient_accumulation_steps", "learning_rate"],
  ...["early_stop", "keep", "hold_out", "save_every_n_steps", "gradient_checkpointing", "flip_aug", "seed"],
];

/** Whether a draft may have a setting: numbers, switches, choices and some free texts. */
function isDraftable(flag: string, { type, choices }: Option): boolean {
  return freeTexts.has(flag) || (flag !== "output_config" && (type !== "string" || choices !== undefined));
}

/** Refuses settings that a draft cannot have. @throws DRAFT_INVALID */
export function requireDraftable(given: DraftSettings): void {
  for (const flag of Object.keys(given)) {
    const option = Object.hasOwn(table, flag) ? table[flag] : undefined;
    if (option && isDraftable(flag, option)) continue;
    const near = option ? undefined : nearestName(flag, Object.keys(table));
    throw new CoinageError(
      "DRAFT_INVALID",
      option ? `--${flag} cannot be set in the studio.` : `There is no setting "${flag}".`,
      {
        where: flag,
        hint: near
          ? `Did you mean ${near}?`
          : "Settings that name files are for the command line: coinage train --help",
      },
    );
  }
}

/** All settings that a draft may have: the first ones, then the others in the groups of the command line's help. */
export function listedSettings(): readonly ListedSetting[] {
  const all = trainGroups.flatMap(({ title, options }) =>
    Object.entries(options).flatMap(([flag, option]) =>
      isDraftable(flag, option) && option.state !== "refused" ? [listed(title, flag, option)] : [],
    ),
  );
  const place = ({ flag }: ListedSetting) => (first.includes(flag) ? first.indexOf(flag) : first.length);
  return all.sort((a, b) => place(a) - place(b));
}

function listed(group: string, flag: string, option: Option): ListedSetting {
  const shownDefault = defaultText(option);
  const note = supportText(option);
  return {
    ...{ flag, group, help: option.help, kind: kindOf(option), placeholder: placeholderOf(option) },
    ...(option.choices && { choices: option.choices }),
    ...(shownDefault !== undefined && { default: shownDefault }),
    ...(note !== undefined && { note }),
    isFirst: first.includes(flag),
  };
}

function kindOf({ type, choices, count }: Option): ListedSetting["kind"] {
  if (type === "switch") return "switch";
  if (count) return "list";
  if (choices) return "choice";
  if (type === "int") return "integer";
  return type === "float" ? "number" : "text";
}

/** The settings by their camelCase names, with values parsed as on a command line: sizes, ranges and shares of steps may be texts. */
export function settingsOfDraft(given: DraftSettings): Record<string, OptionValue> {
  const entries = Object.entries(given).map(([flag, value]) => {
    const option = table[flag]!;
    return [settingName(flag, option), readSetting(option, value as OptionValue)] as const;
  });
  return Object.fromEntries(entries);
}

/** Parses a value; an invalid one stays as it is, for the check of the settings to report. */
function readSetting(option: Option, given: OptionValue): OptionValue {
  const isWord = typeof given === "string" || typeof given === "number";
  return isWord && option.type !== "string" ? (readWord(option, String(given)) ?? given) : given;
}

/** A setting as words of a command line. */
export function wordsOfSetting(flag: string, given: DraftSettings[string]): readonly string[] {
  return flagWords(flag as keyof typeof trainTable, readSetting(table[flag]!, given as OptionValue));
}
