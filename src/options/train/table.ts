import type { Effect, OptionGroup, OptionTable, OptionValue } from "../option.ts";
import { ownOptions, ownTrainOptions } from "../own.ts";
import { changedSettings, type SettingsOf } from "../settings.ts";
import { consoleOptions } from "../shared.ts";
import { captionOptions, pictureOptions } from "./dataset.ts";
import { learningOptions } from "./learning.ts";
import { loggingOptions, sampleOptions, settingsFileOptions } from "./logs-and-samples.ts";
import { lossOptions, noiseOptions } from "./loss-and-noise.ts";
import { lengthOptions, optimizerOptions } from "./optimization.ts";
import { hubOptions, metadataOptions, savingOptions } from "./saving.ts";
import { pyTorchOptions, speedOptions } from "./speed.ts";
import { inversionOptions, modelOptions } from "./word-and-model.ts";

/** Every flag of `coinage train`: the 169 of sd-scripts' `train_textual_inversion.py`, the additional one of its SDXL version, and coinage's own. */
export const trainTable = {
  ...inversionOptions,
  ...modelOptions,
  ...pictureOptions,
  ...captionOptions,
  ...lengthOptions,
  ...optimizerOptions,
  ...lossOptions,
  ...noiseOptions,
  ...savingOptions,
  ...metadataOptions,
  ...sampleOptions,
  ...loggingOptions,
  ...consoleOptions,
  ...settingsFileOptions,
  ...speedOptions,
  ...hubOptions,
  ...pyTorchOptions,
  ...ownOptions,
  ...ownTrainOptions,
  ...learningOptions,
};

/** Flags with existing paths. Some may also be names on the Hugging Face hub, or data: URLs. */
export const inputPaths = [
  ...["pretrained_model_name_or_path", "vae", "weights", "resume", "train_data_dir", "image_dir", "reg_data_dir"],
  ...["conditioning_data_dir", "in_json", "dataset_config", "sample_prompts", "tokenizer_cache_dir"],
  ...["metadata_thumbnail", "log_tracker_config"],
] as const satisfies readonly (keyof typeof trainTable)[];

/** Flags with paths to write to. */
export const outputPaths = [
  ...["output_dir", "logging_dir", "events", "console_log_file", "debug_dataset_dir"],
] as const satisfies readonly (keyof typeof trainTable)[];

/** All flags in groups, for help and docs. */
export const trainGroups: readonly OptionGroup[] = [
  { title: "Recipes, evaluation and updates (not in sd-scripts)", options: learningOptions },
  { title: "The new word", options: inversionOptions },
  { title: "Model", options: modelOptions },
  { title: "Images", options: pictureOptions },
  { title: "Captions", options: captionOptions },
  { title: "Length and batches", options: lengthOptions },
  { title: "Optimizer and learning rate", options: optimizerOptions },
  { title: "Loss", options: lossOptions },
  { title: "Noise and timesteps", options: noiseOptions },
  { title: "Saving", options: savingOptions },
  { title: "Metadata of .safetensors embeddings", options: metadataOptions },
  { title: "Sample images during training", options: sampleOptions },
  { title: "Logs", options: loggingOptions },
  { title: "Console", options: consoleOptions },
  { title: "Settings file", options: settingsFileOptions },
  { title: "Precision, speed and memory", options: speedOptions },
  { title: "Hugging Face hub", options: hubOptions },
  { title: "PyTorch and DeepSpeed", options: pyTorchOptions },
  { title: "Not in sd-scripts", options: { ...ownOptions, ...ownTrainOptions } },
];

/** Settings that are not flags but count in a settings file: sd-scripts also looks up dataset keys there. */
export const fileOnlyOptions = {
  caption_dropout_rate: {
    type: "float",
    default: 0,
    effect: "numbers",
    help: "Fraction of captions that are replaced by an empty one.",
  },
  caption_dropout_every_n_epochs: {
    type: "int",
    default: 0,
    effect: "numbers",
    help: "Use empty captions in every N-th epoch.",
  },
  caption_tag_dropout_rate: {
    type: "float",
    default: 0,
    effect: "numbers",
    help: "Fraction of tags that are dropped.",
  },
  class_tokens: { type: "string", effect: "numbers", help: "Caption of images without a caption file." },
  validation_split: {
    type: "float",
    default: 0,
    effect: "numbers",
    help: "Fraction of images that are held out of training.",
  },
  validation_seed: { type: "int", effect: "numbers", help: "Seed of the random choice of those images." },
} as const satisfies OptionTable;

/** Every key of a settings file, besides custom `metadata_*` keys. */
export const trainFileTable = { ...trainTable, ...fileOnlyOptions };

/** Settings from a command line and a settings file, before the checks. */
export type GivenTrainSettings = SettingsOf<typeof trainFileTable> & {
  /** Values of further `metadata_xyz` keys, by xyz; they become `modelspec.xyz`. */
  readonly extraMetadata: Readonly<Record<string, string>>;
  /** Values of unknown keys in a settings file. */
  readonly otherSettings: Readonly<Record<string, unknown>>;
};

/** The training settings with this effect that differ from their defaults, by flag name. */
export function settingsWithEffect(effect: Effect, settings: object): [name: string, value: OptionValue][] {
  return changedSettings(trainFileTable, settings).flatMap(([name, option, value]) =>
    option.effect === effect && !option.state ? [[name, value]] : [],
  );
}
