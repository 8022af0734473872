import { trainTable } from "../options/index.ts";
import type { Interpolation, Size } from "../pictures/index.ts";
import { ahead } from "./concurrency.ts";
import { type DatasetKind, givenSettings } from "./config/keys.ts";
import type { SubsetPlan } from "./config/plan.ts";
import type { Dataset } from "./dataset.ts";
import type { DatasetGroup } from "./group.ts";
import type { TrainingImage } from "./images/training-image.ts";

/** Summary of a run's datasets, for the first screen. */
export interface DatasetReport {
  readonly numTrainImages: number;
  readonly numRegImages: number;
  readonly batchesPerEpoch: number;
  readonly datasets: readonly DatasetSummary[];
}

export interface DatasetSummary {
  readonly kind: DatasetKind;
  readonly batchSize: number;
  readonly resolution: Size;
  readonly resizeInterpolation: Interpolation | undefined;
  /** Undefined without bucketing. */
  readonly bucketing:
    | { readonly minSide: number; readonly maxSide: number; readonly step: number; readonly noUpscale: boolean }
    | undefined;
  readonly subsets: readonly SubsetSummary[];
  /** Filled buckets; counts with repeats. */
  readonly buckets: readonly { readonly resolution: Size; readonly count: number }[];
  /** Mean of |aspect ratio of bucket - of image|, without repeats; undefined without bucketing or images. */
  readonly meanAspectError: number | undefined;
}

export interface SubsetSummary {
  readonly directory: string;
  readonly imageCount: number;
  readonly plan: SubsetPlan;
}

/** The settings of a subset that are on or given, by key of a dataset config; without paths and counts, which are shown separately. */
export function settingsOf({ metadataFile, ...plan }: SubsetPlan): [key: string, value: unknown][] {
  const { captionSeparator, tokenWarmupStep } = plan.captions;
  const shownElsewhere: readonly string[] = [
    ...["image_dir", "num_repeats", "custom_attributes"],
    ...(metadataFile === undefined ? [] : ["caption_extension"]),
    ...(captionSeparator === trainTable.caption_separator.default ? ["caption_separator"] : []),
    ...(tokenWarmupStep > 0 ? [] : ["token_warmup_min"]),
  ];
  return givenSettings({ ...plan, ...plan.captions }).filter(([key]) => !shownElsewhere.includes(key));
}

export function reportOf(group: DatasetGroup): DatasetReport {
  const { numTrainImages, numRegImages, batchesPerEpoch } = group;
  return { numTrainImages, numRegImages, batchesPerEpoch, datasets: group.datasets.map(summaryOf) };
}

function summaryOf({ plan, limits, subsets, buckets, images }: Dataset): DatasetSummary {
  return {
    kind: plan.kind,
    batchSize: plan.batchSize,
    resolution: plan.resolution,
    resizeInterpolation: plan.resizeInterpolation,
    bucketing: limits && { ...limits, noUpscale: plan.bucketNoUpscale },
    subsets: subsets.map(({ plan: subset, imageCount }) => ({
      directory: subset.metadataFile ?? subset.imageDir!,
      imageCount,
      plan: subset,
    })),
    buckets: buckets.map(({ resolution, images: { length: count } }) => ({ resolution, count })),
    meanAspectError:
      limits && images.length > 0 ? mean(images.map(({ aspectError }) => Math.abs(aspectError))) : undefined,
  };
}

function mean(values: readonly number[]): number {
  return pairwiseSum(values) / values.length;
}

/** The sum in NumPy's order, to match sd-scripts' output to the last digit. */
function pairwiseSum(values: readonly number[]): number {
  const { length } = values;
  if (length > 128) {
    const half = Math.floor(length / 16) * 8;
    return pairwiseSum(values.slice(0, half)) + pairwiseSum(values.slice(half));
  }
  const whole = length - (length % 8);
  const lanes = [0, 1, 2, 3, 4, 5, 6, 7].map((lane) => values.slice(0, whole).filter((_, i) => i % 8 === lane));
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = lanes.map((lane) =>
    lane.reduce((sum, value) => sum + value, 0),
  );
  return values.slice(whole).reduce((sum, value) => sum + value, a + b + (c + d) + (e + f + (g + h)));
}

/** Memory of the images of a run, in bytes. */
export interface PictureMemory {
  /** Peak of the images decoded at once. */
  readonly decoded: number;
  /** Latents kept in memory, once all are cached. */
  readonly kept: number;
}

interface PictureMemoryOptions {
  /** Whether latents are cached, in memory or in files. */
  readonly isCached: boolean;
  readonly isOnDisk: boolean;
  readonly vaeBatchSize: number;
  /** Pixels per latent element along a side. */
  readonly vaeScaleFactor: number;
  readonly latentChannels: number;
}

/** Bytes of the record of an image and its caption, measured over 5,000 images. */
const recordBytes = 6000;

/** Estimates the memory of a run's images from their headers. */
export function pictureMemory({ datasets, images }: DatasetGroup, options: PictureMemoryOptions): PictureMemory {
  const { isCached, isOnDisk, vaeBatchSize, vaeScaleFactor, latentChannels } = options;
  const batchSize = Math.max(1, ...datasets.map(({ plan }) => plan.batchSize));
  const underWay = isCached ? (ahead.encodings + 1) * vaeBatchSize : (ahead.batches + 1) * batchSize;
  const sizes = images.map(decodedBytes).sort((a, b) => b - a);
  const atOnce = sizes.slice(0, Math.min(ahead.pictures, underWay));
  // without a cache, one decoded image is still in memory when the next is decoded: two of them even with a single image
  const fewest = isCached ? 0 : 2 * (sizes[0] ?? 0);
  const latents = ({ bucket, subset }: TrainingImage) =>
    ((4 * latentChannels * bucket[0] * bucket[1]) / vaeScaleFactor ** 2) * (subset.flipAug ? 2 : 1);
  const kept = isCached && !isOnDisk ? sum(images.map(latents)) : 0;
  return { decoded: Math.max(fewest, sum(atOnce)), kept: kept + recordBytes * images.length };
}

/** Bytes of a decoded image: one per pixel and channel, and a second copy if channels are added or dropped or the image is rotated. */
function decodedBytes({ size, header, subset, onlyLatents }: TrainingImage): number {
  if (onlyLatents !== undefined) return 0;
  const [stored, wanted] = [header?.hasAlpha ? 4 : 3, subset.alphaMask ? 4 : 3];
  const isTurned = subset.exifTranspose && header !== undefined && header.orientation !== 1;
  const copies = (stored === wanted ? 0 : wanted) + (isTurned ? stored : 0);
  return size[0] * size[1] * (stored + copies);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
