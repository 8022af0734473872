import { settingName, trainTable } from "../../options/index.ts";
import type { RunSummary } from "../../training/index.ts";
import { hasWord, withWord } from "../drafts/captions.ts";
import type { DraftSettings } from "../drafts/settings.ts";
import type { Problem } from "../http/problems.ts";
import { lessMemory, type SettingsChange } from "./cheaper.ts";

/** Changes to a draft that fix a problem, made by one click. */
export interface Fix extends SettingsChange {
  readonly word?: string;
  /** New captions by picture name. */
  readonly captions?: Readonly<Record<string, string>>;
  readonly prompts?: readonly string[];
  /** Names of pictures to remove. */
  readonly without?: readonly string[];
}

/** The parts of a draft that fixes depend on. */
export interface Mendable {
  readonly word: string;
  /** A similar word that is free. */
  readonly freeWord: string;
  readonly settings: DraftSettings;
  readonly pictures: readonly { readonly name: string; readonly caption: string; readonly hash: string }[];
  readonly prompts: readonly string[];
  /** Tokens of the init word. */
  readonly initIds: readonly number[];
  readonly run: RunSummary | undefined;
}

/** A problem, and the flag it is about, if known. */
type Found = Pick<Problem, "code" | "message" | "where" | "hint"> & { readonly option?: string | undefined };

/** The fix of a problem; undefined if only a person can decide. */
export function fixOf(found: Found, draft: Mendable): Fix | undefined {
  const fix = Object.hasOwn(fixes, found.code) ? fixes[found.code]!(draft, found) : undefined;
  return fix && changesSomething(fix, draft) ? fix : undefined;
}

/** Whether a fix changes anything: otherwise it fixes nothing. */
function changesSomething(fix: Fix, { settings, word }: Mendable): boolean {
  const isOther = ([flag, value]: [string, unknown]) =>
    JSON.stringify(settings[flag] ?? null) !== JSON.stringify(value);
  return (
    Object.entries(fix.settings).some(isOther) ||
    (fix.word !== undefined && fix.word !== word) ||
    Object.keys(fix.captions ?? {}).length > 0 ||
    fix.prompts !== undefined ||
    (fix.without?.length ?? 0) > 0
  );
}

type Mend = (draft: Mendable, found: Found) => Fix | undefined;

const newWord: Mend = ({ freeWord }) => ({ label: `Use "${freeWord}"`, settings: {}, word: freeWord });
const insertWord: Mend = (draft) => {
  const lacking = draft.pictures.filter(({ caption }) => !hasWord(caption, draft.word));
  const init = draft.settings.init_word;
  const captions = lacking.map(
    ({ name, caption }) => [name, withWord(caption, draft.word, typeof init === "string" ? init : undefined)] as const,
  );
  const label = `Write "${draft.word}" into ${captions.length === 1 ? "the caption" : `${captions.length} captions`}`;
  return { label, settings: {}, captions: Object.fromEntries(captions) };
};
const longerCaptions: Mend = ({ settings }, { message }) => {
  const [, length] = /--max_token_length (\d+)/.exec(message) ?? [];
  if (length === undefined) return undefined;
  return {
    label: `Read ${length} tokens`,
    settings: { ...settingsOf(settings, []), max_token_length: Number(length) },
  };
};
const rateFlags = ["learning_rate", "step_angle", "lr_scheduler", "lr_warmup_steps"];
const rateOfRecipe: Mend = ({ settings }) => {
  if (settings.recipe === undefined)
    return {
      label: "Use a recipe",
      settings: { ...settingsOf(settings, rateFlags), recipe: "auto", resolution: null },
    };
  if (rateFlags.some((flag) => Object.hasOwn(settings, flag)))
    return { label: "Use the recipe's rate", settings: settingsOf(settings, rateFlags) };
  return { label: "Use the recipe's steps", settings: settingsOf(settings, ["max_train_steps", "max_train_epochs"]) };
};
/** Sets the interval for `count` evaluations over the run. */
const evaluations =
  (count: number) =>
  ({ settings, run }: Mendable): Fix | undefined => {
    const interval = Math.floor(Number(settings.max_train_steps ?? run?.steps) / count);
    return interval >= 1
      ? {
          label: interval === 1 ? "Evaluate after each step" : `Evaluate every ${interval} steps`,
          settings: { eval_every_n_steps: interval },
        }
      : undefined;
  };

/** Fixes of settings with warnings, where another change is better than leaving the setting out. */
const settingFixes: Readonly<Record<string, Mend>> = {
  hold_out: () => ({ label: "Choose by the held out images", settings: { keep: "best" } }),
  row_average: () => ({ label: "Let the average compete", settings: { keep: "best" } }),
  cache_latents_to_disk: () => ({ label: "Cache latents", settings: { cache_latents: true } }),
  learning_rate: (_, { message }) =>
    /about 1\./.test(message) ? { label: "Use a rate of 1", settings: { learning_rate: 1 } } : undefined,
  early_stop: (draft) => evaluations(12)(draft),
  eval_every_n_steps: (draft) => evaluations(4)(draft),
};

/** Leaves out the first flag that the problem names and the draft sets. */
const leaveOut: Mend = ({ settings }, { where = "", message, option }) => {
  const named = [
    ...(option ? [option] : []),
    ...[...`${where} ${message}`.matchAll(/--(\w+)/g)].map(([, flag]) => flag!),
  ];
  const flag = named.find((one) => Object.hasOwn(settings, one)) ?? flagIn(message, settings);
  return flag === undefined ? undefined : { label: `Leave out ${flag}`, settings: { [flag]: null } };
};

/** The flag whose camelCase name begins a message. */
function flagIn(message: string, settings: DraftSettings): string | undefined {
  const [first] = message.split(" ");
  const table: Readonly<Record<string, (typeof trainTable)[keyof typeof trainTable]>> = trainTable;
  return Object.keys(settings).find((flag) => settingName(flag, table[flag]!) === first);
}

const leaveOutOf =
  (label: string, ...flags: readonly string[]): Mend =>
  ({ settings }) => ({ label, settings: settingsOf(settings, flags) });
const set =
  (label: string, settings: Fix["settings"]): Mend =>
  () => ({ label, settings });

/** A change that leaves out those flags that a draft sets. */
function settingsOf(settings: DraftSettings, flags: readonly string[]): Fix["settings"] {
  return Object.fromEntries(flags.filter((flag) => Object.hasOwn(settings, flag)).map((flag) => [flag, null]));
}

/** Fixes of the problems that one click can fix, by code. */
const fixes: Readonly<Record<string, Mend>> = {
  TOKEN_EXISTS: newWord,
  OUTPUT_NAME: (_, { message }) => {
    const [, name] = /--output_name (\S+) works/.exec(message) ?? [];
    return name === undefined ? undefined : { label: `Use "${name}"`, settings: {}, word: name };
  },
  INIT_WORD_EMPTY: leaveOutOf("Start from no word", "init_word"),
  INIT_WORD_UNKNOWN: set("Find the word by trying", { init_word: "auto" }),
  INIT_WORD: ({ initIds }) =>
    initIds.length > 1
      ? { label: `Use ${initIds.length} vectors`, settings: { num_vectors_per_token: initIds.length } }
      : undefined,
  SAMPLE_PROMPT: ({ word, prompts, settings: { init_word: init } }) => {
    if (prompts.length === 0 || prompts.some((prompt) => hasWord(prompt, word))) return undefined;
    const written = prompts.map((prompt) => withWord(prompt, word, typeof init === "string" ? init : undefined));
    return { label: `Write "${word}" into the prompts`, settings: {}, prompts: written };
  },
  EMBEDDING_COUNT: (_, { hint = "" }) => {
    const [, vectors] = /--num_vectors_per_token (\d+)/.exec(hint) ?? [];
    return vectors === undefined
      ? undefined
      : { label: `Use ${vectors} vectors`, settings: { num_vectors_per_token: Number(vectors) } };
  },
  TOKEN_IN_NO_CAPTION: insertWord,
  TOKEN_MISSING_IN_CAPTIONS: insertWord,
  TOKEN_INSIDE_WORD: insertWord,
  TOKEN_MISSING_BY_CHANCE: leaveOutOf("Leave out the token warm-up", "token_warmup_step"),
  DATASET_CAPTION_BLANK: insertWord,
  DATASET_CAPTION_EMPTY: insertWord,
  DATASET_CAPTION_FROM_CLASS: insertWord,
  DATASET_CAPTION_ALTERNATIVES: set("Choose one each time", { enable_wildcard: true }),
  DATASET_CAPTION_LINES: set("Choose one each time", { enable_wildcard: true }),
  DATASET_CAPTION_SEPARATOR: set("Shuffle tags", { shuffle_caption: true }),
  TOKEN_CUT_OFF: longerCaptions,
  VECTORS_CUT_OFF: longerCaptions,
  CAPTIONS_CUT: longerCaptions,
  DATASET_PICTURE_TWICE: ({ pictures }) => {
    const doubles = pictures.filter(({ hash }, i) => pictures.findIndex((one) => one.hash === hash) < i);
    const without = doubles.map(({ name }) => name);
    return {
      label: without.length === 1 ? "Remove the double" : `Remove ${without.length} doubles`,
      settings: {},
      without,
    };
  },
  DATASET_PICTURE_TRANSPARENT: set("Put them on white", { alpha_background: "white" }),
  DATASET_PICTURE_TOO_SMALL: leaveOutOf("Enlarge them", "bucket_no_upscale"),
  DATASET_PICTURE_HUGE: set("Cache latents", { cache_latents: true }),
  DATASET_BUCKET_LIMIT_ROUNDED: leaveOutOf("Use the usual limits", "min_bucket_reso", "max_bucket_reso"),
  BUCKET_LIMITS: leaveOutOf("Use the usual limits", "min_bucket_reso", "max_bucket_reso", "bucket_reso_steps"),
  RESOLUTION: leaveOutOf("Use the recipe's size", "resolution", "bucket_reso_steps"),
  DATASET_CONFIG: ({ settings }, { message }) =>
    /cannot be cached/.test(message)
      ? { label: "Do without", settings: settingsOf(settings, ["color_aug", "random_crop"]) }
      : { label: "Leave out dataset_repeats", settings: settingsOf(settings, ["dataset_repeats"]) },
  HOLD_OUT: leaveOutOf("Train on all images", "hold_out"),
  PICTURE_UNREADABLE: ({ pictures }, { message, where = "" }) => {
    const without = pictures.filter(({ name }) => `${message} ${where}`.includes(name)).map(({ name }) => name);
    return { label: without.length === 1 ? "Remove it" : "Remove them", settings: {}, without };
  },
  LEARNING_RATE_SMALL: rateOfRecipe,
  LEARNING_RATE_LARGE: rateOfRecipe,
  MEMORY: lessMemory,
  OUT_OF_MEMORY: lessMemory,
  BATTERY: (_, { option }) => (option ? { label: "Keep it awake", settings: { [option]: true } } : undefined),
  DEVICE_UNAVAILABLE: leaveOutOf("Use what this machine has", "device", "mixed_precision"),
  OPTIMIZER_UNKNOWN: leaveOutOf("Use the usual optimizer", "optimizer_type", "optimizer_args"),
  OPTIMIZER_ARGS: leaveOutOf("Leave the arguments out", "optimizer_args"),
  OPTIMIZER: (_, { message }) =>
    /--max_grad_norm 0/.test(message) ? { label: "Do not clip", settings: { max_grad_norm: 0 } } : undefined,
  LR_SCHEDULE: leaveOutOf(
    "Use the usual schedule",
    "lr_scheduler",
    "lr_scheduler_type",
    "lr_scheduler_args",
    "lr_warmup_steps",
  ),
  LR_SCHEDULE_UNKNOWN: leaveOutOf("Use the usual schedule", "lr_scheduler", "lr_scheduler_type", "lr_scheduler_args"),
  SETTINGS: (draft, found) => settingFixes[found.option ?? ""]?.(draft, found) ?? leaveOut(draft, found),
  SETTINGS_CONFLICT: (draft, found) => {
    const isTimeAlone = /--recipe is not given/.test(found.message) && draft.settings.max_train_steps === undefined;
    return isTimeAlone ? { label: "Use a recipe", settings: { recipe: "auto" } } : leaveOut(draft, found);
  },
  SETTINGS_MISSING: (_, { where = "" }) =>
    where.includes("--resolution") ? { label: "Use a recipe", settings: { recipe: "auto" } } : undefined,
  OPTION_UNSUPPORTED: leaveOut,
  USAGE: leaveOut,
};
