import { CoinageError } from "../../errors/index.ts";
import { type FileValues, type inputPaths, type OptionValue, trainFileTable } from "../../options/index.ts";

// Which of a run's settings a worker takes: none that names a file, a folder or an address.

type Flag = keyof typeof trainFileTable;

/** Flags whose text names no file, folder or address. */
const plainTexts: readonly Flag[] = [
  ...(["token_string", "init_word", "output_name", "alpha_background", "time", "prior_pull", "norm_target"] as const),
  ...(["caption_extension", "caption_extention", "caption_separator", "caption_prefix", "caption_suffix"] as const),
  ...(["keep_tokens_separator", "secondary_separator", "class_tokens", "training_comment"] as const),
  ...(["optimizer_type", "optimizer_args", "lr_scheduler", "lr_scheduler_type", "lr_scheduler_args"] as const),
  ...(["metadata_title", "metadata_author", "metadata_description", "metadata_license", "metadata_tags"] as const),
  ...(["metadata_usage_hint", "metadata_merged_from", "metadata_trigger_phrase", "metadata_preprocessor"] as const),
  "metadata_is_negative_embedding",
];

/** Flags that the worker or the sweep decides, and those of things that runs of a sweep do not do. */
const notPassedOn: readonly Flag[] = [
  ...(["device", "threads", "cluster_numerics", "queue_insecure", "no_cluster_local", "overwrite"] as const),
  ...(["save_state", "save_state_on_train_end", "output_config", "debug_dataset"] as const),
  // caches that one run has written would be read by the next
  ...(["cache_info", "cache_latents_to_disk", "skip_cache_check"] as const),
];

/** Flags whose files and folders are packed and sent along. */
export const packedPaths = [
  ...(["pretrained_model_name_or_path", "vae", "weights", "train_data_dir", "image_dir", "reg_data_dir"] as const),
  ...(["dataset_config", "sample_prompts", "metadata_thumbnail"] as const),
] as const satisfies readonly (typeof inputPaths)[number][];

/** Whether a flag may be sent to another machine unchanged. */
export function isPortable(flag: Flag): boolean {
  const { type, effect, state, ...option } = trainFileTable[flag] as (typeof trainFileTable)[Flag] & {
    readonly state?: string;
    readonly choices?: unknown;
  };
  if (effect === "display" || effect === "accepted-without-effect" || state !== undefined) return false;
  if (notPassedOn.includes(flag)) return false;
  return type !== "string" || option.choices !== undefined || plainTexts.includes(flag);
}

/** The settings of a run that are sent to a worker; paths are left out. @throws SETTINGS_CONFLICT for a setting that a worker cannot follow */
export function portableValues(values: FileValues): FileValues {
  for (const [flag, value] of values) {
    const why = whyNotPortable(flag, value);
    if (why === undefined) continue;
    throw new CoinageError("SETTINGS_CONFLICT", `Runs with --${flag} cannot be trained by workers: ${why}.`, {
      where: `--${flag}`,
      hint: "Leave it out, or leave out --queue to train on this machine.",
    });
  }
  const cached = values.get("cache_latents_to_disk") === true ? [["cache_latents", true] as const] : [];
  return new Map([...[...values].filter(([flag]) => isPortable(flag)), ...cached]);
}

function whyNotPortable(flag: Flag, value: OptionValue): string | undefined {
  if (flag === "in_json") return "the file may name images in any folder";
  if (flag === "resume") return "states are not sent to workers";
  if (flag === "save_model_as" && value !== "safetensors")
    return "they deliver safetensors only, which cannot contain code";
  if (flag === "caption_extension" || flag === "caption_extention")
    return isExtension(String(value)) ? undefined : "it is not a file extension";
  return undefined;
}

/** Checks the settings of a job on a worker. @throws CLUSTER_PROTOCOL */
export function requirePortable(values: FileValues): void {
  for (const [flag, value] of values) {
    if (!isPortable(flag) || whyNotPortable(flag, value) !== undefined)
      throw new CoinageError("CLUSTER_PROTOCOL", `A run from the queue must not set ${flag}.`);
    if (flag === "output_name" && !isFileName(String(value)))
      throw new CoinageError("CLUSTER_PROTOCOL", "A run from the queue has an output name that is not a file name.");
  }
}

/** Whether a text is a file extension such as ".txt", which cannot lead out of a folder. */
export function isExtension(text: string): boolean {
  return /^\.[\w.-]{1,32}$/.test(text) && !text.includes("..");
}

/** Whether a text is a file name on every system, and stays in its folder. */
export function isFileName(text: string): boolean {
  return /^[^\p{C}<>:"/\\|?*]{1,200}$/u.test(text) && !/^[. ]|[. ]$/.test(text);
}
