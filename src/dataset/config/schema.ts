import type { ConfigValue } from "../../formats/config/index.ts";

/** How the value of a key is checked. `size`: n or [w, h]; `range`: [low, high]. */
export type ValueType = "bool" | "int" | "float" | "number" | "string" | "size" | "range" | "table";

export type Keys = Readonly<Record<string, ValueType>>;

/** DreamBooth: folders with caption files. Fine-tuning: metadata files. Mask-image: DreamBooth with a folder of masks. */
export type DatasetKind = "dreambooth" | "fine-tuning" | "mask-image";

const datasetKeys: Keys = {
  resolution: "size",
  batch_size: "int",
  enable_bucket: "bool",
  min_bucket_reso: "int",
  max_bucket_reso: "int",
  bucket_reso_steps: "int",
  bucket_no_upscale: "bool",
  resize_interpolation: "string",
  network_multiplier: "float",
  validation_split: "float",
  validation_seed: "int",
};

const subsetKeys: Keys = {
  num_repeats: "int",
  shuffle_caption: "bool",
  caption_separator: "string",
  keep_tokens: "int",
  keep_tokens_separator: "string",
  secondary_separator: "string",
  enable_wildcard: "bool",
  caption_prefix: "string",
  caption_suffix: "string",
  color_aug: "bool",
  flip_aug: "bool",
  random_crop: "bool",
  face_crop_aug_range: "range",
  token_warmup_min: "int",
  token_warmup_step: "number",
  custom_attributes: "table",
  resize_interpolation: "string",
  // differs from sd-scripts: keys of our own, for pictures that EXIF turns and for transparent ones.
  exif_transpose: "bool",
  alpha_background: "string",
};

const dreamBoothKeys: Keys = { caption_extension: "string", class_tokens: "string", cache_info: "bool" };
const maskKeys: Keys = { caption_extension: "string", cache_info: "bool" };

/** The keys of one kind of dataset, by the table they may stand in. */
export interface KindSchema {
  readonly dataset: Keys;
  readonly subset: Keys;
  readonly requiredInSubset: readonly string[];
}

export const kindSchemas: Readonly<Record<DatasetKind, KindSchema>> = {
  dreambooth: {
    dataset: { ...datasetKeys, ...subsetKeys, ...dreamBoothKeys },
    subset: { ...subsetKeys, ...dreamBoothKeys, image_dir: "string", is_reg: "bool", alpha_mask: "bool" },
    requiredInSubset: ["image_dir"],
  },
  "fine-tuning": {
    dataset: { ...datasetKeys, ...subsetKeys },
    subset: { ...subsetKeys, image_dir: "string", metadata_file: "string", alpha_mask: "bool" },
    requiredInSubset: ["metadata_file"],
  },
  "mask-image": {
    dataset: { ...datasetKeys, ...subsetKeys, ...maskKeys },
    subset: { ...subsetKeys, ...maskKeys, image_dir: "string", conditioning_data_dir: "string" },
    requiredInSubset: ["image_dir", "conditioning_data_dir"],
  },
};

export const generalKeys: Keys = { ...datasetKeys, ...subsetKeys, ...dreamBoothKeys };

interface TypeRule {
  readonly expected: string;
  readonly fits: (value: ConfigValue) => boolean;
}

const isInteger = (value: ConfigValue) => typeof value === "bigint" || typeof value === "boolean";
// differs from sd-scripts: an integer is taken where a floating-point number is expected; sd-scripts rejects `1` there.
const isFloat = (value: ConfigValue) => typeof value === "number" || typeof value === "bigint";
const isPairOf = (fits: (value: ConfigValue) => boolean) => (value: ConfigValue) =>
  Array.isArray(value) && value.length === 2 && value.every(fits);

export const typeRules: Readonly<Record<ValueType, TypeRule>> = {
  bool: { expected: "true or false (bool)", fits: (value) => typeof value === "boolean" },
  int: { expected: "an integer (int)", fits: isInteger },
  float: { expected: "a number (float)", fits: isFloat },
  number: { expected: "a number (float or int)", fits: (value) => isFloat(value) || isInteger(value) },
  string: { expected: "text in quotes (str)", fits: (value) => typeof value === "string" },
  size: {
    expected: "an integer (int) or [width, height]",
    fits: (value) => isInteger(value) || isPairOf(isInteger)(value),
  },
  range: { expected: "two numbers, [low, high] (list of float)", fits: isPairOf(isFloat) },
  table: {
    expected: "a table (dict)",
    fits: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  },
};
