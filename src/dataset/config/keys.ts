import { type ConfigTable, type ConfigValue, plainValue } from "../../formats/config/index.ts";
import {
  type CamelCase,
  camelCase,
  defaultOf,
  type GivenTrainSettings,
  type Option,
  trainFileTable,
} from "../../options/index.ts";
import type { Size } from "../../pictures/index.ts";

const kinds = ["dreambooth", "fine-tuning", "mask-image"] as const;

/** DreamBooth: folders with caption files. Fine-tuning: metadata files. Mask-image: DreamBooth with a folder of masks. */
export type DatasetKind = (typeof kinds)[number];

interface ValueOf {
  bool: boolean;
  int: number;
  float: number;
  /** A float or an int. */
  number: number;
  string: string;
  /** n or [w, h] */
  size: Size;
  /** [low, high] */
  range: readonly [low: number, high: number];
  table: Readonly<Record<string, unknown>>;
}

export type ValueType = keyof ValueOf;

interface DatasetKey {
  readonly type: ValueType;
  /** Tables that may contain the key. dataset: [general] and [[datasets]]; subset: [[datasets.subsets]]; any: all of these; none: a settings file only. */
  readonly level: "dataset" | "subset" | "any" | "none";
  /** The part of a plan that the key belongs to. */
  readonly part: "dataset" | "subset" | "captions";
  /** Kinds of dataset that take it in [[datasets]] and [[datasets.subsets]] (default: all). */
  readonly kinds?: readonly DatasetKind[];
  /** Kinds whose subsets must have it. */
  readonly requiredBy?: readonly DatasetKind[];
  /** The setting of a run with its default and meaning (default: the one of the same name, if any). */
  readonly setting?: keyof typeof trainFileTable;
  /** Default of a key without a setting. */
  readonly default?: number;
  /** What it does, in Markdown, if not described by the setting's help. */
  readonly meaning?: string;
}

const dataset = { level: "dataset", part: "dataset" } as const;
const subset = { level: "subset", part: "subset" } as const;
const images = { level: "any", part: "subset" } as const;
const captions = { level: "any", part: "captions" } as const;
const folders = ["dreambooth", "mask-image"] as const;

/** The keys of dataset configs, each described once: checks, defaults, settings, plans, the first screen and docs/dataset.md are made from this table. */
const datasetKeys = {
  resolution: {
    ...dataset,
    type: "size",
    meaning: "Size the images are trained at: one number, or `[width, height]`.",
  },
  batch_size: { ...dataset, type: "int", setting: "train_batch_size", meaning: "Images per batch." },
  enable_bucket: { ...dataset, type: "bool" },
  min_bucket_reso: { ...dataset, type: "int" },
  max_bucket_reso: { ...dataset, type: "int" },
  bucket_reso_steps: { ...dataset, type: "int" },
  bucket_no_upscale: { ...dataset, type: "bool" },
  validation_split: {
    ...dataset,
    type: "float",
    meaning: "Share of each folder that is kept out of training. Nothing is validated, as in sd-scripts.",
  },
  validation_seed: { ...dataset, type: "int", meaning: "Seed of the random choice of those images." },
  network_multiplier: { ...dataset, type: "float", default: 1, meaning: "Without effect: it scales a LoRA." },

  image_dir: {
    ...subset,
    type: "string",
    requiredBy: folders,
    meaning: "Folder of the images. With `metadata_file`: the folder that its keys are relative to.",
  },
  metadata_file: {
    ...subset,
    type: "string",
    kinds: ["fine-tuning"],
    requiredBy: ["fine-tuning"],
    meaning: "Metadata file that names the images.",
  },
  conditioning_data_dir: {
    ...subset,
    type: "string",
    kinds: ["mask-image"],
    requiredBy: ["mask-image"],
    meaning: "Folder of the masks, with `--masked_loss`.",
  },
  is_reg: {
    ...subset,
    type: "bool",
    kinds: ["dreambooth"],
    meaning: "These are regularisation images: things of the same kind that are not the new word.",
  },
  alpha_mask: { ...subset, type: "bool", kinds: ["dreambooth", "fine-tuning"] },

  num_repeats: {
    ...images,
    type: "int",
    setting: "dataset_repeats",
    meaning: "How often an epoch uses each image.",
  },
  class_tokens: { ...images, type: "string", kinds: ["dreambooth"] },
  caption_extension: { ...images, type: "string", kinds: folders },
  cache_info: { ...images, type: "bool", kinds: folders },
  // differs from sd-scripts: a dataset config has no keys for images that EXIF rotates or that are transparent.
  // coinage: exif_transpose and alpha_background may be keys of a dataset config.
  // because: the folders of one run can need different treatment.
  exif_transpose: { ...images, type: "bool" },
  alpha_background: { ...images, type: "string" },
  flip_aug: { ...images, type: "bool" },
  color_aug: { ...images, type: "bool" },
  random_crop: { ...images, type: "bool" },
  face_crop_aug_range: { ...images, type: "range" },
  resize_interpolation: { ...images, type: "string" },
  custom_attributes: { ...images, type: "table", meaning: "Without effect; `--debug_dataset` shows them." },

  shuffle_caption: { ...captions, type: "bool" },
  keep_tokens: { ...captions, type: "int" },
  keep_tokens_separator: { ...captions, type: "string" },
  caption_separator: { ...captions, type: "string" },
  secondary_separator: { ...captions, type: "string" },
  enable_wildcard: { ...captions, type: "bool" },
  caption_prefix: { ...captions, type: "string" },
  caption_suffix: { ...captions, type: "string" },
  token_warmup_step: { ...captions, type: "number" },
  token_warmup_min: { ...captions, type: "int" },
  caption_dropout_rate: { ...captions, level: "none", type: "float" },
  caption_dropout_every_n_epochs: { ...captions, level: "none", type: "int" },
  caption_tag_dropout_rate: { ...captions, level: "none", type: "float" },
} as const satisfies Readonly<Record<string, DatasetKey>>;

type DatasetKeys = typeof datasetKeys;
type KeyName = keyof DatasetKeys & string;
type FileTable = typeof trainFileTable;
type SettingBehind<Name extends KeyName> = DatasetKeys[Name] extends { setting: infer Setting extends keyof FileTable }
  ? Setting
  : Extract<Name, keyof FileTable>;
type HasDefault<Name extends KeyName> = DatasetKeys[Name] extends { default: number } | { type: "bool" }
  ? true
  : FileTable[SettingBehind<Name>] extends { default: unknown }
    ? true
    : false;

/** The resolved values of the keys of a plan's part, by camelCase name; undefined is possible without a default. */
export type PartOf<Part extends DatasetKey["part"]> = {
  readonly [Name in KeyName as DatasetKeys[Name] extends { part: Part } ? CamelCase<Name> : never]:
    | ValueOf[DatasetKeys[Name]["type"]]
    | (HasDefault<Name> extends true ? never : undefined);
};

/** The settings of a run that its datasets depend on, all optional. They apply where a dataset config does not set the key. */
export type DatasetSettings = {
  readonly [Name in SettingBehindKey | OtherSetting]?: GivenTrainSettings[Name] | undefined;
};

type OtherSetting =
  | "datasetConfig"
  | "trainDataDir"
  | "regDataDir"
  | "inJson"
  | "maskedLoss"
  | "priorLossWeight"
  | "tokenString"
  | "recipe"
  | "cacheLatents"
  | "cacheLatentsToDisk"
  | "skipCacheCheck"
  | "vaeBatchSize"
  | "holdOut"
  | "useObjectTemplate"
  | "useStyleTemplate";

type SettingBehindKey = CamelCase<{ [Name in KeyName]: SettingBehind<Name> }[KeyName]>;

const keys: readonly (readonly [name: string, key: DatasetKey])[] = Object.entries(datasetKeys);

function settingBehind(name: string, { setting }: DatasetKey): keyof FileTable | undefined {
  return setting ?? (Object.hasOwn(trainFileTable, name) ? (name as keyof FileTable) : undefined);
}

/** The values of a part's keys: each from the first table that has it, else the run's setting, else the default.
 *  False, 0 and the empty text are values. A key of another kind of dataset has its default.
 *  tables: checked, innermost first. */
export function settle<Part extends DatasetKey["part"]>(
  part: Part,
  kind: DatasetKind,
  tables: readonly ConfigTable[],
  settings: DatasetSettings,
): PartOf<Part> {
  const values = keys
    .filter(([, key]) => key.part === part)
    .map(([name, key]) => {
      const table = takes(kind, key) ? tables.find((candidate) => Object.hasOwn(candidate, name)) : undefined;
      if (table) return [camelCase(name), read(table[name]!, key.type)] as const;
      const setting = settingBehind(name, key);
      const given =
        setting !== undefined && takes(kind, key) ? settings[camelCase(setting) as keyof typeof settings] : undefined;
      return [camelCase(name), given ?? defaultOfKey(name, key)] as const;
    });
  return Object.fromEntries(values) as PartOf<Part>;
}

function takes(kind: DatasetKind, { kinds }: DatasetKey): boolean {
  return kinds === undefined || kinds.includes(kind);
}

function read(value: ConfigValue, type: ValueType): unknown {
  // a boolean counts as an integer, as in Python
  if (type === "int" || type === "float" || type === "number") return Number(value);
  if (type === "size") return Array.isArray(value) ? value.map(Number) : [Number(value), Number(value)];
  return plainValue(value);
}

function defaultOfKey(name: string, key: DatasetKey): unknown {
  const setting = settingBehind(name, key);
  return key.default ?? (setting && defaultOf(trainFileTable[setting])) ?? (key.type === "bool" ? false : undefined);
}

/** The keys allowed in a table of a dataset config, with their types; [general] is the same for every kind of dataset. */
export function keysIn(
  table: "general" | "dataset" | "subset",
  kind: DatasetKind,
): Readonly<Record<string, ValueType>> {
  const level = table === "subset" ? "subset" : "dataset";
  const found = keys.filter(
    ([, key]) => (key.level === level || key.level === "any") && (table === "general" || takes(kind, key)),
  );
  return Object.fromEntries(found.map(([name, { type }]) => [name, type]));
}

/** The keys required in every subset of a kind of dataset. */
export function requiredKeys(kind: DatasetKind): string[] {
  return keys.filter(([, { requiredBy }]) => requiredBy?.includes(kind)).map(([name]) => name);
}

/** The settings of a subset's images or captions that are on or given, by key. */
export function givenSettings(values: PartOf<"subset"> | PartOf<"captions">): [name: string, value: unknown][] {
  return keys.flatMap(([name]): [string, unknown][] => {
    const value = (values as unknown as Readonly<Record<string, unknown>>)[camelCase(name)];
    return value === undefined || value === false || value === 0 || value === "" ? [] : [[name, value]];
  });
}

/** The description of a key, for docs/dataset.md. */
export interface DescribedKey {
  readonly name: string;
  readonly type: ValueType;
  readonly level: DatasetKey["level"];
  /** Kinds of dataset that do not take it. */
  readonly notIn: readonly DatasetKind[];
  readonly default: unknown;
  /** Its setting, spelled as a flag or a key of a settings file. */
  readonly setting: string | undefined;
  readonly meaning: string;
}

/** Every key of dataset configs, in the order of the table. */
export function describedKeys(): DescribedKey[] {
  return keys
    .filter(([, { level }]) => level !== "none")
    .map(([name, key]) => {
      const setting = settingBehind(name, key);
      const option: Option | undefined = setting && trainFileTable[setting];
      return {
        name,
        type: key.type,
        level: key.level,
        notIn: kinds.filter((kind) => !takes(kind, key)),
        default: defaultOfKey(name, key),
        setting: option?.effect === "accepted-without-effect" ? undefined : setting,
        meaning: key.meaning ?? option?.help ?? "",
      };
    });
}
