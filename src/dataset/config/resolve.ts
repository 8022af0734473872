import { CoinageError, nearestName } from "../../errors/index.ts";
import { type ConfigPath, type ConfigTable, plainValue } from "../../formats/config/index.ts";
import { type Colour, type Interpolation, interpolations, parseColour, type Size } from "../../pictures/index.ts";
import type { DatasetSettings } from "../settings.ts";
import type { CheckedConfig, CheckedDataset } from "./check.ts";
import type { CaptionSettings, DatasetPlan, SubsetPlan } from "./plan.ts";
import type { DatasetKind } from "./schema.ts";

/** Settles every value of a dataset config: subset, then dataset, then [general], then the run's settings, then the default.
 *  @throws DATASET_CONFIG when a dataset has no resolution or a value cannot be used. */
export function resolveDatasets(config: CheckedConfig, settings: DatasetSettings): DatasetPlan[] {
  return config.datasets.map((dataset, i) => resolveDataset(dataset, ["datasets", i], config, settings));
}

function resolveDataset(
  dataset: CheckedDataset,
  path: ConfigPath,
  { general, placeOf }: CheckedConfig,
  settings: DatasetSettings,
): DatasetPlan {
  const place = placeOf(path);
  const values = valuesOf([dataset.table, general], settings);
  const resolution = values.size("resolution");
  if (!resolution)
    throw new CoinageError("DATASET_CONFIG", `Dataset ${path.at(-1)} has no resolution.`, {
      where: place,
      hint: "Give --resolution, or resolution in [[datasets]] or [general].",
    });
  return {
    kind: dataset.kind,
    resolution: [sideOf(resolution[0], place), sideOf(resolution[1], place)],
    batchSize: atLeastOne(values.number("batch_size") ?? 1, "batch_size", place),
    enableBucket: values.flag("enable_bucket") ?? false,
    minBucketReso: values.number("min_bucket_reso") ?? 256,
    maxBucketReso: values.number("max_bucket_reso") ?? 1024,
    bucketResoSteps: values.number("bucket_reso_steps") ?? 64,
    bucketNoUpscale: values.flag("bucket_no_upscale") ?? false,
    resizeInterpolation: interpolationOf(values, place),
    networkMultiplier: values.number("network_multiplier") ?? 1,
    validationSplit: values.number("validation_split") ?? 0,
    validationSeed: values.number("validation_seed"),
    priorLossWeight: settings.priorLossWeight ?? 1,
    subsets: dataset.subsets.map((subset, i) => {
      const inner = valuesOf([subset, dataset.table, general], settings);
      return resolveSubset(dataset.kind, inner, placeOf([...path, "subsets", i]));
    }),
  };
}

function resolveSubset(kind: DatasetKind, values: Values, place: string): SubsetPlan {
  const isDreamBooth = kind === "dreambooth";
  const alphaMask = kind !== "mask-image" && (values.flag("alpha_mask") ?? false);
  return {
    imageDir: values.text("image_dir"),
    metadataFile: kind === "fine-tuning" ? values.text("metadata_file") : undefined,
    conditioningDataDir: kind === "mask-image" ? values.text("conditioning_data_dir") : undefined,
    isReg: isDreamBooth && (values.flag("is_reg") ?? false),
    alphaMask,
    alphaBackground: backgroundOf(values, alphaMask, place),
    exifTranspose: values.flag("exif_transpose") ?? false,
    captionExtension: values.text("caption_extension") ?? ".caption",
    classTokens: isDreamBooth ? values.text("class_tokens") : undefined,
    cacheInfo: kind !== "fine-tuning" && (values.flag("cache_info") ?? false),
    numRepeats: values.number("num_repeats") ?? 1,
    captions: captionSettings(values, place),
    colorAug: values.flag("color_aug") ?? false,
    flipAug: values.flag("flip_aug") ?? false,
    randomCrop: values.flag("random_crop") ?? false,
    faceCropAugRange: values.range("face_crop_aug_range"),
    resizeInterpolation: interpolationOf(values, place),
    customAttributes: values.table("custom_attributes"),
  };
}

function captionSettings(values: Values, place: string): CaptionSettings {
  const captionSeparator = values.text("caption_separator") ?? ",";
  if (captionSeparator === "")
    throw new CoinageError("DATASET_CONFIG", "caption_separator must not be empty.", { where: place });
  return {
    captionPrefix: values.text("caption_prefix"),
    captionSuffix: values.text("caption_suffix"),
    captionSeparator,
    secondarySeparator: values.text("secondary_separator"),
    keepTokens: values.number("keep_tokens") ?? 0,
    keepTokensSeparator: values.text("keep_tokens_separator") ?? "",
    shuffleCaption: values.flag("shuffle_caption") ?? false,
    enableWildcard: values.flag("enable_wildcard") ?? false,
    tokenWarmupMin: values.number("token_warmup_min") ?? 1,
    tokenWarmupStep: values.number("token_warmup_step") ?? 0,
    captionDropoutRate: values.number("caption_dropout_rate") ?? 0,
    captionDropoutEveryNEpochs: values.number("caption_dropout_every_n_epochs") ?? 0,
    captionTagDropoutRate: values.number("caption_tag_dropout_rate") ?? 0,
  };
}

function interpolationOf(values: Values, place: string): Interpolation | undefined {
  const name = values.text("resize_interpolation");
  if (name === undefined || (interpolations as readonly string[]).includes(name))
    return name as Interpolation | undefined;
  const near = nearestName(name, interpolations);
  throw new CoinageError("DATASET_CONFIG", `"${name}" is no resize_interpolation.`, {
    where: place,
    hint: `${near ? `Did you mean ${near}? ` : ""}There are ${interpolations.join(", ")}.`,
  });
}

function backgroundOf(values: Values, alphaMask: boolean, place: string): Colour | undefined {
  const text = values.text("alpha_background");
  if (text === undefined) return undefined;
  const colour = parseColour(text);
  if (!colour)
    throw new CoinageError("DATASET_CONFIG", `"${text}" is no colour for alpha_background.`, {
      where: place,
      hint: 'Give white, black, grey or a colour such as "#80c0ff".',
    });
  if (alphaMask)
    throw new CoinageError("DATASET_CONFIG", "alpha_mask and alpha_background are two ways to treat transparency.", {
      where: place,
      hint: "Give one: alpha_mask leaves transparent places out of the loss, alpha_background lays pictures on a colour.",
    });
  return colour;
}

const largestSide = 16384;

function sideOf(value: number, place: string): number {
  if (value <= largestSide) return atLeastOne(value, "resolution", place);
  throw new CoinageError("DATASET_CONFIG", `resolution must be at most ${largestSide}, not ${value}.`, {
    where: place,
  });
}

function atLeastOne(value: number, key: string, place: string): number {
  if (value >= 1) return value;
  throw new CoinageError("DATASET_CONFIG", `${key} must be at least 1, not ${value}.`, { where: place });
}

/** Reads a key where it is set first: in the tables from the innermost out, then in the settings of the run.
 *  False, 0 and the empty text are set values. */
export interface Values {
  readonly text: (key: string) => string | undefined;
  readonly flag: (key: string) => boolean | undefined;
  readonly number: (key: string) => number | undefined;
  readonly size: (key: string) => Size | undefined;
  readonly range: (key: string) => readonly [number, number] | undefined;
  readonly table: (key: string) => Readonly<Record<string, unknown>> | undefined;
}

/** What keys of a dataset config are called among the settings of a run, where it is something else. */
const settingNames: Readonly<Record<string, string>> = { batch_size: "trainBatchSize", num_repeats: "datasetRepeats" };

/** The values of checked tables, the innermost first, and of the run's settings. */
export function valuesOf(tables: readonly ConfigTable[], settings: DatasetSettings): Values {
  const find = (key: string): unknown => {
    const table = tables.find((candidate) => Object.hasOwn(candidate, key));
    return table ? plainValue(table[key]!) : settings[settingName(key) as keyof DatasetSettings];
  };
  return {
    text: (key) => find(key) as string | undefined,
    flag: (key) => find(key) as boolean | undefined,
    // A boolean passes for an integer, as in Python.
    number: (key) => optional(find(key), Number),
    size: (key) =>
      optional(find(key), (value) =>
        Array.isArray(value) ? [Number(value[0]), Number(value[1])] : [Number(value), Number(value)],
      ),
    range: (key) => find(key) as readonly [number, number] | undefined,
    table: (key) => find(key) as Readonly<Record<string, unknown>> | undefined,
  };
}

function settingName(key: string): string {
  return settingNames[key] ?? key.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

function optional<Result>(value: unknown, read: (value: unknown) => Result): Result | undefined {
  return value === undefined ? undefined : read(value);
}
