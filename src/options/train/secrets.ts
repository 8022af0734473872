import path from "node:path";
import type { Parsed, Rule } from "../checked.ts";
import type { OptionValue } from "../option.ts";
import { camelCase } from "../settings.ts";
import { type GivenTrainSettings, trainTable } from "./table.ts";

/** Settings that hold a secret. */
const secrets = ["wandb_api_key", "huggingface_token"] as const;

/** Settings that hold a path on this machine, with their keys. */
const paths = {
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

/** Warnings about secrets and paths on a command line that sd-scripts would publish on Weights & Biases. Settings files are not published. */
export function secretExposure({ settings, explicit }: Parsed<GivenTrainSettings>): Rule[] {
  const { huggingfaceRepoVisibility } = settings;
  const absolute = Object.entries(paths).flatMap(([name, key]) =>
    explicit.has(name) && path.isAbsolute(settings[key] ?? "") ? [name] : [],
  );
  const exposed: Rule[] = [
    ...secrets.map((name) => ({
      when: explicit.has(name),
      options: [name] as const,
      message: published(`the secret --${name}`),
    })),
    ...absolute.map((name) => ({
      when: true,
      options: [name] as const,
      message: published(`the absolute path --${name}`),
    })),
    { when: explicit.has("config_file"), options: ["config_file"], message: published("the path --config_file") },
    {
      when: explicit.has("huggingface_repo_id") && huggingfaceRepoVisibility !== "public",
      options: ["huggingface_repo_id"],
      message: published("--huggingface_repo_id, which is not public"),
    },
  ];
  const isPublic = explicit.has("log_with") && settings.logWith !== "tensorboard";
  return isPublic ? exposed : [];
}

/** A training command line without secrets, which have no effect. */
export function withoutSecrets(words: readonly string[]): string[] {
  return words.filter((word, i) => !namesSecret(word) && !(word.charAt(0) !== "-" && isSecretAlone(words[i - 1])));
}

/** Whether a word names a secret that is the next word, unlike `--flag=VALUE`. */
function isSecretAlone(word: string | undefined): boolean {
  return word !== undefined && !word.includes("=") && namesSecret(word);
}

/** Whether a word names a secret's flag, in full or by an unambiguous prefix. */
function namesSecret(word: string): boolean {
  const [, name] = /^--([^=]+)/.exec(word) ?? [];
  if (name === undefined) return false;
  const fitting = Object.keys(trainTable).filter((flag) => flag.startsWith(name));
  const [flag] = fitting.includes(name) ? [name] : fitting.length === 1 ? fitting : [];
  return secrets.some((secret) => secret === flag);
}

function published(what: string): string {
  return `sd-scripts would publish ${what} with its command line on Weights & Biases. Move it to a settings file (--config_file).`;
}

/** The settings to log (`--log_config`), by flag name, without secrets and paths on this machine.
 *  null: not given. Lists are in Python's notation. */
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
  // in Python, sizes and ranges are tuples, words of a flag a list
  return value.every((entry) => typeof entry === "number")
    ? `(${value.join(", ")})`
    : `[${value.map((entry) => `'${entry}'`).join(", ")}]`;
}
