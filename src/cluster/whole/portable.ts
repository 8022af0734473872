import { CoinageError } from "../../errors/index.ts";
import { type FileValues, type inputPaths, type OptionValue, trainFileTable } from "../../options/index.ts";

// What of a run's settings may go to another machine. A worker takes nothing else: no flag that it takes names a file, a folder or an address.

type Flag = keyof typeof trainFileTable;

/** Texts that are no more than that. */
const texts: readonly Flag[] = [
  ...(["token_string", "init_word", "output_name", "alpha_background", "time", "prior_pull", "norm_target"] as const),
  ...(["caption_extension", "caption_extention", "caption_separator", "caption_prefix", "caption_suffix"] as const),
  ...(["keep_tokens_separator", "secondary_separator", "class_tokens", "training_comment"] as const),
  ...(["optimizer_type", "optimizer_args", "lr_scheduler", "lr_scheduler_type", "lr_scheduler_args"] as const),
  ...(["metadata_title", "metadata_author", "metadata_description", "metadata_license", "metadata_tags"] as const),
  ...(["metadata_usage_hint", "metadata_merged_from", "metadata_trigger_phrase", "metadata_preprocessor"] as const),
  "metadata_is_negative_embedding",
];

/** What a worker or its sweep decides, and what a run of a sweep does not do. */
const decided: readonly Flag[] = [
  ...(["device", "threads", "cluster_numerics", "queue_insecure", "no_cluster_local", "overwrite"] as const),
  ...(["save_state", "save_state_on_train_end", "output_config", "debug_dataset"] as const),
  // latents that one run has written would be another's
  ...(["cache_info", "cache_latents_to_disk", "skip_cache_check"] as const),
];

/** Files and folders that are given out themselves. */
export const packedPaths = [
  ...(["pretrained_model_name_or_path", "vae", "weights", "train_data_dir", "image_dir", "reg_data_dir"] as const),
  ...(["dataset_config", "sample_prompts", "metadata_thumbnail"] as const),
] as const satisfies readonly (typeof inputPaths)[number][];

/** Whether a flag may go to another machine as it is. */
export function isPortable(flag: Flag): boolean {
  const { type, effect, state, ...option } = trainFileTable[flag] as (typeof trainFileTable)[Flag] & {
    readonly state?: string;
    readonly choices?: unknown;
  };
  if (effect === "display" || effect === "accepted-without-effect" || state !== undefined) return false;
  if (decided.includes(flag)) return false;
  return type !== "string" || option.choices !== undefined || texts.includes(flag);
}

/** The settings of a run as another machine may have them; paths are left out. @throws SETTINGS_CONFLICT for what would be missing there */
export function portableValues(values: FileValues): FileValues {
  for (const [flag, value] of values) {
    const why = reasonToStay(flag, value);
    if (why === undefined) continue;
    throw new CoinageError("SETTINGS_CONFLICT", `Runs with --${flag} cannot be trained by workers: ${why}.`, {
      where: `--${flag}`,
      hint: "Leave it out, or leave out --queue to train on this machine.",
    });
  }
  const cached = values.get("cache_latents_to_disk") === true ? [["cache_latents", true] as const] : [];
  return new Map([...[...values].filter(([flag]) => isPortable(flag)), ...cached]);
}

function reasonToStay(flag: Flag, value: OptionValue): string | undefined {
  if (flag === "in_json") return "the file names images anywhere";
  if (flag === "resume") return "states are not given out";
  if (flag === "save_model_as" && value !== "safetensors")
    return "they bring back safetensors only, in which no code can be";
  if (flag === "caption_extension" || flag === "caption_extention")
    return isExtension(String(value)) ? undefined : "it is no extension";
  return undefined;
}

/** A worker's check of settings that came to it. @throws CLUSTER_PROTOCOL */
export function requirePortable(values: FileValues): void {
  for (const [flag, value] of values) {
    if (!isPortable(flag) || reasonToStay(flag, value) !== undefined)
      throw new CoinageError("CLUSTER_PROTOCOL", `A run from the queue must not set ${flag}.`);
    if (flag === "output_name" && !isFileName(String(value)))
      throw new CoinageError("CLUSTER_PROTOCOL", "A run from the queue has an output name that is no name of a file.");
  }
}

/** ".txt": nothing that leads out of a folder. */
export function isExtension(text: string): boolean {
  return /^\.[\w.-]{1,32}$/.test(text) && !text.includes("..");
}

/** A name that means the same on every system and stays in its folder. */
export function isFileName(text: string): boolean {
  return /^[^\p{C}<>:"/\\|?*]{1,200}$/u.test(text) && !/^[. ]|[. ]$/.test(text);
}
