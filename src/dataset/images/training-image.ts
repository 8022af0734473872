import { limits as budget } from "../../budget/index.ts";
import type { PictureHeader, Size } from "../../pictures/index.ts";
import { type BucketChoice, chooseNearest, chooseWithoutUpscaling } from "../buckets/choose.ts";
import { type BucketLimits, predefinedResolutions } from "../buckets/resolutions.ts";
import type { DatasetPlan } from "../config/plan.ts";
import type { DatasetWarnings } from "../warnings.ts";
import type { ImageEntry } from "./entry.ts";
import { headersOf } from "./headers.ts";

/** A picture that is trained on, with its place among the buckets. */
export interface TrainingImage extends ImageEntry, BucketChoice {
  /** Of the picture, in pixels: as it is stored, or as EXIF turns it. */
  readonly size: Size;
  /** Undefined where there is none to read. */
  readonly header?: PictureHeader;
  readonly lossWeight: number;
}

/** Reads the pictures' headers and gives every picture its bucket. Pictures too long and thin, or too small for any bucket, are left out with a warning.
 *  @throws PICTURE_UNREADABLE */
export async function assignBuckets(
  entries: readonly ImageEntry[],
  plan: DatasetPlan,
  limits: BucketLimits | undefined,
  warnings: DatasetWarnings,
): Promise<TrainingImage[]> {
  const known = await headersOf(entries);
  const choose = chooserOf(plan, limits);
  return entries.flatMap((entry, i) => {
    const { toldSize, ...picture } = known[i]!;
    const { size } = picture;
    if (toldSize) warnings.add("sizeTold", `${entry.path} (${size.join("x")}, not ${toldSize.join("x")})`);
    const choice = choose(size);
    if (!choice && !isTooThin(size, plan)) {
      warnings.add("pictureTooSmall", `${entry.path} (${size.join("x")})`);
      return [];
    }
    if (!choice || choice.resized[0] * choice.resized[1] > budget.resizedPixels.most) {
      warnings.add("aspectTooThin", entry.path);
      return [];
    }
    return [{ ...entry, ...choice, ...picture, lossWeight: entry.isReg ? plan.priorLossWeight : 1 }];
  });
}

/** Whether a picture's shorter side would be nearer to nothing than to one bucket step even if it were enlarged to the training area. */
function isTooThin([width, height]: Size, { resolution, bucketResoSteps }: DatasetPlan): boolean {
  const scale = Math.sqrt((resolution[0] * resolution[1]) / (width * height));
  return Math.min(width, height) * scale < bucketResoSteps / 2;
}

function chooserOf(plan: DatasetPlan, limits: BucketLimits | undefined): (size: Size) => BucketChoice | undefined {
  const { resolution, bucketNoUpscale } = plan;
  if (!limits) return (size) => chooseNearest(size, [resolution]);
  if (bucketNoUpscale) return (size) => chooseWithoutUpscaling(size, resolution, limits.step);
  const resolutions = predefinedResolutions(resolution, limits);
  return (size) => chooseNearest(size, resolutions);
}
