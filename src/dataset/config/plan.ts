import { CoinageError, nearestName } from "../../errors/index.ts";
import type { ConfigPath, ConfigTable } from "../../formats/config/index.ts";
import { trainTable } from "../../options/index.ts";
import { type Colour, type Interpolation, interpolations, parseColour, type Size } from "../../pictures/index.ts";
import type { CheckedConfig, CheckedDataset } from "./check.ts";
import { type DatasetKind, type DatasetSettings, type PartOf, settle } from "./keys.ts";

/** A dataset as configured: every value resolved, nothing read from disk yet. */
export interface DatasetPlan extends Omit<PartOf<"dataset">, "resolution"> {
  readonly kind: DatasetKind;
  readonly resolution: Size;
  readonly resizeInterpolation: Interpolation | undefined;
  /** Loss weight of regularisation images. */
  readonly priorLossWeight: number;
  readonly subsets: readonly SubsetPlan[];
}

/** A folder of images or a metadata file, with the settings for its captions and images. */
export interface SubsetPlan extends Omit<PartOf<"subset">, "alphaBackground" | "resizeInterpolation"> {
  readonly alphaBackground: Colour | undefined;
  readonly resizeInterpolation: Interpolation | undefined;
  readonly captions: CaptionSettings;
}

/** How captions change each time they are used. */
export type CaptionSettings = PartOf<"captions">;

/** Family of cached latents: SDXL has a different VAE. */
export type LatentFamily = "sd" | "sdxl";

/** How the latents of a run are cached. */
export interface LatentCaching {
  readonly family: LatentFamily;
  readonly vaeBatchSize: number;
  /** Keep latents in files beside the images. */
  readonly toDisk: boolean;
  /** Trust files by their name. */
  readonly skipCheck: boolean;
}

/** Resolves every value of a dataset config: from subset, dataset, [general], the run's settings or the default, in this order.
 *  @throws DATASET_CONFIG if a dataset has no resolution or a value cannot be used */
export function resolveDatasets(config: CheckedConfig, settings: DatasetSettings): DatasetPlan[] {
  return config.datasets.map((dataset, i) => resolveDataset(dataset, ["datasets", i], config, settings));
}

function resolveDataset(
  { kind, table, subsets }: CheckedDataset,
  path: ConfigPath,
  { general, placeOf }: CheckedConfig,
  settings: DatasetSettings,
): DatasetPlan {
  const place = placeOf(path);
  const tables = [table, general];
  const { resolution, ...values } = settle("dataset", kind, tables, settings);
  if (!resolution)
    throw new CoinageError("DATASET_CONFIG", `Dataset ${path.at(-1)} has no resolution.`, {
      where: place,
      hint: "Give --resolution, or resolution in [[datasets]] or [general].",
    });
  return {
    ...values,
    kind,
    resolution: [sideOf(resolution[0], place), sideOf(resolution[1], place)],
    batchSize: atLeastOne(values.batchSize, "batch_size", place),
    resizeInterpolation: interpolationOf(settle("subset", kind, tables, settings), place),
    priorLossWeight: settings.priorLossWeight ?? trainTable.prior_loss_weight.default,
    subsets: subsets.map((subset, i) =>
      resolveSubset(kind, [subset, ...tables], settings, placeOf([...path, "subsets", i])),
    ),
  };
}

function resolveSubset(
  kind: DatasetKind,
  tables: readonly ConfigTable[],
  settings: DatasetSettings,
  place: string,
): SubsetPlan {
  const values = settle("subset", kind, tables, settings);
  const captions = settle("captions", kind, tables, settings);
  if (captions.captionSeparator === "")
    throw new CoinageError("DATASET_CONFIG", "caption_separator must not be empty.", { where: place });
  return {
    ...values,
    alphaBackground: backgroundOf(values, place),
    resizeInterpolation: interpolationOf(values, place),
    captions,
  };
}

function interpolationOf({ resizeInterpolation: name }: PartOf<"subset">, place: string): Interpolation | undefined {
  if (name === undefined || (interpolations as readonly string[]).includes(name))
    return name as Interpolation | undefined;
  const near = nearestName(name, interpolations);
  throw new CoinageError("DATASET_CONFIG", `"${name}" is not a resize_interpolation.`, {
    where: place,
    hint: `${near ? `Did you mean ${near}? ` : ""}Choose from ${interpolations.join(", ")}.`,
  });
}

function backgroundOf({ alphaBackground: text, alphaMask }: PartOf<"subset">, place: string): Colour | undefined {
  if (text === undefined) return undefined;
  const colour = parseColour(text);
  if (!colour)
    throw new CoinageError("DATASET_CONFIG", `"${text}" is not a colour for alpha_background.`, {
      where: place,
      hint: 'Give white, black, grey or a colour such as "#80c0ff".',
    });
  if (alphaMask)
    throw new CoinageError("DATASET_CONFIG", "alpha_mask and alpha_background cannot be combined.", {
      where: place,
      hint: "Use one: alpha_mask leaves transparent areas out of the loss, alpha_background puts images on a background colour.",
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
