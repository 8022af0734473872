import type { Size } from "../../pictures/index.ts";
import { type BucketChoice, chooseNearest, chooseWithoutUpscaling } from "../buckets/choose.ts";
import { type BucketLimits, predefinedResolutions } from "../buckets/resolutions.ts";
import type { DatasetPlan } from "../config/plan.ts";
import type { DatasetWarnings } from "../warnings.ts";
import type { ImageEntry } from "./entry.ts";
import { sizesOf } from "./sizes.ts";

/** A picture that is trained on, with its place among the buckets. */
export interface TrainingImage extends ImageEntry, BucketChoice {
  /** Of the picture file, in pixels. */
  readonly size: Size;
  readonly lossWeight: number;
}

/** A picture of extreme shape grows beyond all memory when it is to cover its bucket. */
const largestPixels = 100_000_000;

/** Reads the sizes that are not known yet and gives every picture its bucket. Pictures too long and thin are left out with a warning.
 *  @throws PICTURE_UNREADABLE */
export async function assignBuckets(
  entries: readonly ImageEntry[],
  plan: DatasetPlan,
  limits: BucketLimits | undefined,
  warnings: DatasetWarnings,
): Promise<TrainingImage[]> {
  const sizes = await sizesOf(entries);
  const choose = chooserOf(plan, limits);
  return entries.flatMap((entry, i) => {
    const size = sizes[i]!;
    const choice = choose(size);
    if (!choice || choice.resized[0] * choice.resized[1] > largestPixels) {
      warnings.add("aspectTooThin", entry.path);
      return [];
    }
    return [{ ...entry, ...choice, size, lossWeight: entry.isReg ? plan.priorLossWeight : 1 }];
  });
}

function chooserOf(plan: DatasetPlan, limits: BucketLimits | undefined): (size: Size) => BucketChoice | undefined {
  const { resolution, bucketNoUpscale } = plan;
  if (!limits) return (size) => chooseNearest(size, [resolution]);
  if (bucketNoUpscale) return (size) => chooseWithoutUpscaling(size, resolution, limits.step);
  const resolutions = predefinedResolutions(resolution, limits);
  return (size) => chooseNearest(size, resolutions);
}
