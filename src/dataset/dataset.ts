import { requireWithin } from "../budget/index.ts";
import { BatchArrangement, type Bucket } from "./buckets/arrangement.ts";
import { type BucketLimits, bucketLimitsOf, bySize, checkBucketSteps } from "./buckets/resolutions.ts";
import type { DatasetKind } from "./config/keys.ts";
import type { DatasetPlan } from "./config/plan.ts";
import { loadDreamBooth } from "./images/dreambooth.ts";
import { loadFineTuning } from "./images/fine-tuning.ts";
import { warnAboutImages } from "./images/image-warnings.ts";
import { checkMasks, loadWithMasks } from "./images/masks.ts";
import {
  assignBuckets,
  type LoadContext,
  type LoadedSubset,
  type LoadedSubsets,
  type TrainingImage,
} from "./images/training-image.ts";

/** Subsets that share resolution, batch size and buckets. A batch never mixes datasets. */
export interface Dataset {
  readonly plan: DatasetPlan;
  /** Undefined without bucketing. */
  readonly limits: BucketLimits | undefined;
  readonly subsets: readonly LoadedSubset[];
  readonly images: readonly TrainingImage[];
  /** Images held out from training, for measurement. */
  readonly heldOut: readonly TrainingImage[];
  readonly buckets: readonly Bucket<TrainingImage>[];
  readonly numTrainImages: number;
  readonly numRegImages: number;
}

const loaders: Readonly<Record<DatasetKind, (plan: DatasetPlan, context: LoadContext) => Promise<LoadedSubsets>>> = {
  dreambooth: loadDreamBooth,
  "fine-tuning": loadFineTuning,
  "mask-image": loadWithMasks,
};

/** Reads a dataset's subsets and sorts the images into buckets. bucketStep: bucket sides must be multiples of it (64; SDXL 32).
 *  @throws BUCKET_LIMITS, DATASET_CONFIG, CAPTION_UNREADABLE, FILE_UNREADABLE, MASK_MISSING, PICTURE_UNREADABLE */
export async function loadDataset(plan: DatasetPlan, context: LoadContext, bucketStep: number): Promise<Dataset> {
  checkBucketSteps(plan, bucketStep);
  const limits = bucketLimitsOf(plan, context.warnings);
  const { entries, ...loaded } = await loaders[plan.kind](plan, context);
  const images = await assignBuckets(entries, plan, limits, context.warnings);
  checkEpoch(images, plan);
  await checkMasks(images, plan, context.warnings);
  await warnAboutImages(images, context.warnings);
  return { plan, limits, images, heldOut: [], buckets: bucketsOf(images), ...loaded };
}

function checkEpoch(images: readonly TrainingImage[], { subsets }: DatasetPlan): void {
  if (subsets.length === 0) return;
  const samples = images.reduce((sum, { repeats }) => sum + repeats, 0);
  const most = subsets.reduce((a, b) => (b.numRepeats > a.numRepeats ? b : a));
  requireWithin("epochSamples", samples, {
    code: "DATASET_CONFIG",
    subject: "The dataset",
    where: `${most.metadataFile ?? most.imageDir}: num_repeats ${most.numRepeats}`,
    hint: "num_repeats is how often an epoch uses an image; --max_train_steps sets the length of a run.",
  });
}

/** The arrangement of a dataset's batches. */
export function arrange({ plan, buckets }: Dataset, seed: number): BatchArrangement<TrainingImage> {
  return new BatchArrangement(buckets, plan.batchSize, seed);
}

export function bucketsOf(images: readonly TrainingImage[]): Bucket<TrainingImage>[] {
  const buckets = new Map<string, { resolution: TrainingImage["bucket"]; images: TrainingImage[] }>();
  for (const image of images) {
    const key = image.bucket.join("x");
    const bucket = buckets.get(key) ?? { resolution: image.bucket, images: [] };
    for (let k = 0; k < image.repeats; k++) bucket.images.push(image);
    buckets.set(key, bucket);
  }
  return [...buckets.values()].sort((a, b) => bySize(a.resolution, b.resolution));
}
