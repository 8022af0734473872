import type { Interpolation, Size } from "../pictures/index.ts";
import { ahead } from "./concurrency.ts";
import type { SubsetPlan } from "./config/plan.ts";
import type { DatasetKind } from "./config/schema.ts";
import type { Dataset } from "./dataset.ts";
import type { DatasetGroup } from "./group.ts";
import type { TrainingImage } from "./images/training-image.ts";

/** What a run trains on, for the first screen. */
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
  /** Mean of |aspect ratio of bucket - of picture|, without repeats; undefined without bucketing or pictures. */
  readonly meanAspectError: number | undefined;
}

export interface SubsetSummary {
  readonly directory: string;
  readonly imageCount: number;
  readonly plan: SubsetPlan;
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

/** The sum in NumPy's order, which is what sd-scripts prints to the last digit. */
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

/** The report as lines of text. */
export function formatReport({ datasets, numTrainImages, numRegImages, batchesPerEpoch }: DatasetReport): string[] {
  const regularisation = numRegImages > 0 ? `, ${numRegImages} regularisation pictures` : "";
  return [
    `${numTrainImages} pictures with repeats${regularisation}, ${batchesPerEpoch} batches per epoch`,
    ...datasets.flatMap((dataset, i) => formatDataset(dataset, i)),
  ];
}

function formatDataset(dataset: DatasetSummary, index: number): string[] {
  const { kind, batchSize, resolution, resizeInterpolation, bucketing, subsets, buckets, meanAspectError } = dataset;
  const lines = [
    `dataset ${index} (${kind}): resolution ${resolution.join("x")}, batch size ${batchSize}, resized by ${resizeInterpolation ?? "area or lanczos"}`,
    bucketing
      ? `  buckets of ${bucketing.minSide} to ${bucketing.maxSide} in steps of ${bucketing.step}${bucketing.noUpscale ? ", nothing enlarged" : ""}`
      : "  no buckets",
    ...subsets.flatMap(formatSubset),
    ...buckets.map(({ resolution: size, count }, k) => `  bucket ${k}: ${size.join("x")}, ${count} pictures`),
  ];
  if (meanAspectError !== undefined) lines.push(`  mean error of aspect ratio ${meanAspectError.toFixed(4)}`);
  return lines;
}

function formatSubset({ directory, imageCount, plan }: SubsetSummary): string[] {
  const { captions } = plan;
  const settings: Readonly<Record<string, unknown>> = {
    is_reg: plan.isReg,
    class_tokens: plan.classTokens,
    caption_extension: plan.metadataFile === undefined ? plan.captionExtension : undefined,
    masks: plan.conditioningDataDir,
    alpha_mask: plan.alphaMask,
    alpha_background: plan.alphaBackground,
    exif_transpose: plan.exifTranspose,
    flip_aug: plan.flipAug,
    color_aug: plan.colorAug,
    random_crop: plan.randomCrop,
    face_crop_aug_range: plan.faceCropAugRange,
    resize_interpolation: plan.resizeInterpolation,
    shuffle_caption: captions.shuffleCaption,
    keep_tokens: captions.keepTokens,
    keep_tokens_separator: captions.keepTokensSeparator,
    caption_separator: captions.captionSeparator === "," ? undefined : captions.captionSeparator,
    secondary_separator: captions.secondarySeparator,
    enable_wildcard: captions.enableWildcard,
    caption_prefix: captions.captionPrefix,
    caption_suffix: captions.captionSuffix,
    token_warmup_step: captions.tokenWarmupStep,
    token_warmup_min: captions.tokenWarmupStep > 0 ? captions.tokenWarmupMin : undefined,
    caption_dropout_rate: captions.captionDropoutRate,
    caption_dropout_every_n_epochs: captions.captionDropoutEveryNEpochs,
    caption_tag_dropout_rate: captions.captionTagDropoutRate,
  };
  // What is off or not given goes without saying.
  const said = Object.entries(settings).filter(
    ([, value]) => value !== undefined && value !== false && value !== 0 && value !== "",
  );
  return [
    `  ${directory}: ${imageCount} pictures x ${plan.numRepeats} repeats`,
    ...(said.length > 0
      ? [`    ${said.map(([name, value]) => (value === true ? name : `${name} ${JSON.stringify(value)}`)).join(", ")}`]
      : []),
  ];
}

/** Bytes that the pictures of a run take. */
export interface PictureMemory {
  /** At most at any time, of those that are decoded. */
  readonly decoded: number;
  /** In the end, of latents that are kept in memory. */
  readonly kept: number;
}

export interface PictureMemoryOptions {
  /** Whether latents are cached, in memory or in files. */
  readonly isCached: boolean;
  readonly isOnDisk: boolean;
  readonly vaeBatchSize: number;
  /** Pixels to one latent along each side, and channels of latents. */
  readonly vaeScaleFactor: number;
  readonly latentChannels: number;
}

/** What is known of a picture and its caption, as measured over 5,000. */
const recordBytes = 6000;

/** What the pictures of a run will take in memory, read off their headers. */
export function pictureMemory({ datasets, images }: DatasetGroup, options: PictureMemoryOptions): PictureMemory {
  const { isCached, isOnDisk, vaeBatchSize, vaeScaleFactor, latentChannels } = options;
  const batchSize = Math.max(1, ...datasets.map(({ plan }) => plan.batchSize));
  const underWay = isCached ? (ahead.encodings + 1) * vaeBatchSize : (ahead.batches + 1) * batchSize;
  const sizes = images.map(decodedBytes).sort((a, b) => b - a);
  const atOnce = sizes.slice(0, Math.min(ahead.pictures, underWay));
  // Decoded anew each time, a picture is still there when the next one comes: two of them even where there is only one.
  const fewest = isCached ? 0 : 2 * (sizes[0] ?? 0);
  const latents = ({ bucket, subset }: TrainingImage) =>
    ((4 * latentChannels * bucket[0] * bucket[1]) / vaeScaleFactor ** 2) * (subset.flipAug ? 2 : 1);
  const kept = isCached && !isOnDisk ? sum(images.map(latents)) : 0;
  return { decoded: Math.max(fewest, sum(atOnce)), kept: kept + recordBytes * images.length };
}

/** A byte a pixel and channel, and another copy where channels are added or dropped or the picture is turned. */
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
