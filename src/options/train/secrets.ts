import path from "node:path";
import type { Parsed, Rule } from "../checked.ts";
import type { OptionValue } from "../option.ts";

import { camelCase } from "../settings.ts";
import { type GivenTrainSettings, trainTable } from "./table.ts";

/** Settings that are nobody else's business. */
export const secrets = ["wandb_api_key", "huggingface_token"] as const;

/** Settings that name a place on this machine, with their keys. */
export const paths = {
  pretrained_model_name_or_path: "pretrainedModelNameOrPath",
  vae: "vae",
  tokenizer_cache_dir: "tokenizerCacheDir",
  train_data_dir: "trainDataDir",
  image_dir: "imageDir",
  conditioning_data_dir: "conditioningDataDir",
  reg_data_dir: "regDataDir",
  output_dir: "outputDir",
  logging_dir: "loggingDir",
} as const satisfies Readonly<Record<string, keyof GivenTrainSettings>>;

/** What a command line tells everybody once Weights & Biases keeps it with a run, as it does for sd-scripts. Settings files are not kept. */
export function exposures({ settings, explicit }: Parsed<GivenTrainSettings>): Rule[] {
  const { huggingfaceRepoVisibility } = settings;
  const absolute = Object.entries(paths).flatMap(([name, key]) =>
    explicit.has(name) && path.isAbsolute(settings[key] ?? "") ? [name] : [],
  );
  const told: Rule[] = [
    ...secrets.map((name) => ({
      when: explicit.has(name),
      options: [name] as const,
      message: kept(`your secret --${name}`),
    })),
    ...absolute.map((name) => ({ when: true, options: [name] as const, message: kept(`the absolute path --${name}`) })),
    { when: explicit.has("config_file"), options: ["config_file"], message: kept("the path --config_file") },
    {
      when: explicit.has("huggingface_repo_id") && huggingfaceRepoVisibility !== "public",
      options: ["huggingface_repo_id"],
      message: kept("--huggingface_repo_id, which is not public"),
    },
  ];
  const isPublic = explicit.has("log_with") && settings.logWith !== "tensorboard";
  return isPublic ? told : [];
}

/** A command line of training as it may be shown: without secrets, which do not act. */
export function withoutSecrets(words: readonly string[]): string[] {
  return words.filter((word, i) => !namesSecret(word) && !(word.charAt(0) !== "-" && isSecretAlone(words[i - 1])));
}

/** Whether the next word is the secret: `--flag=VALUE` is one word. */
function isSecretAlone(word: string | undefined): boolean {
  return word !== undefined && !word.includes("=") && namesSecret(word);
}

/** By its name, or as much of it as fits no other flag. */
function namesSecret(word: string): boolean {
  const [, name] = /^--([^=]+)/.exec(word) ?? [];
  if (name === undefined) return false;
  const fitting = Object.keys(trainTable).filter((flag) => flag.startsWith(name));
  const [flag] = fitting.includes(name) ? [name] : fitting.length === 1 ? fitting : [];
  return secrets.some((secret) => secret === flag);
}

function kept(what: string): string {
  return `sd-scripts shows its command line on Weights & Biases, with ${what} in it. It is safer in a settings file (--config_file).`;
}

/** What of the settings goes into logs (`--log_config`), by flag name: all but secrets and the paths that name a place on this machine.
 *  null stands for a setting that nobody gave. Lists are texts as Python writes them. */
export function loggedSettings(settings: GivenTrainSettings): Record<string, string | number | boolean | null> {
  const left = new Set<string>([...secrets, ...Object.keys(paths)]);
  const values = settings as Readonly<Record<string, unknown>>;
  const logged = Object.keys(trainTable)
    .filter((name) => !left.has(name))
    .map((name) => [name, loggedValue(values[camelCase(name)] as OptionValue | undefined)] as const);
  const metadata = Object.entries(settings.extraMetadata).map(([key, text]) => [`metadata_${key}`, text] as const);
  return Object.fromEntries([...logged, ...metadata]);
}

function loggedValue(value: OptionValue | undefined): string | number | boolean | null {
  if (value === undefined) return null;
  if (typeof value !== "object") return value;
  if ("steps" in value) return value.steps;
  if ("ratio" in value) return value.ratio;
  // Sizes and ranges are tuples there, words of a flag a list.
  return value.every((entry) => typeof entry === "number")
    ? `(${value.join(", ")})`
    : `[${value.map((entry) => `'${entry}'`).join(", ")}]`;
}
