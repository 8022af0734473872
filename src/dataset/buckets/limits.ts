import { CoinageError } from "../../errors/index.ts";
import type { DatasetPlan } from "../config/plan.ts";
import type { DatasetWarnings } from "../warnings.ts";
import type { BucketLimits } from "./resolutions.ts";

/** The bucket limits of a dataset, rounded outwards to multiples of the step; undefined without bucketing.
 *  @throws BUCKET_LIMITS when they contradict the training resolution */
export function bucketLimitsOf(plan: DatasetPlan, warnings: DatasetWarnings): BucketLimits | undefined {
  const { minBucketReso, maxBucketReso, bucketResoSteps: step, resolution, enableBucket } = plan;
  if (!enableBucket) return undefined;
  if (step < 1) throw contradiction(`bucket_reso_steps must be at least 1, not ${step}.`);
  const minSide = Math.floor(minBucketReso / step) * step;
  const maxSide = Math.ceil(maxBucketReso / step) * step;
  if (minSide !== minBucketReso) warnings.add("bucketLimitRounded", `min_bucket_reso ${minBucketReso} -> ${minSide}`);
  if (maxSide !== maxBucketReso) warnings.add("bucketLimitRounded", `max_bucket_reso ${maxBucketReso} -> ${maxSide}`);
  const [smaller, larger] = [Math.min(...resolution), Math.max(...resolution)];
  if (minSide < step)
    throw contradiction(`min_bucket_reso (${minBucketReso}) must be at least bucket_reso_steps (${step}).`);
  if (smaller < minSide)
    throw contradiction(`min_bucket_reso (${minSide}) is more than the smaller side of the resolution (${smaller}).`);
  if (larger > maxSide)
    throw contradiction(`max_bucket_reso (${maxSide}) is less than the larger side of the resolution (${larger}).`);
  if (plan.bucketNoUpscale) warnings.add("bucketLimitsUnused");
  return { minSide, maxSide, step };
}

/** @throws BUCKET_LIMITS when the U-Net cannot take pictures whose sides are multiples of the bucket step. */
export function checkBucketSteps({ enableBucket, bucketResoSteps: step }: DatasetPlan, multipleOf: number): void {
  if (enableBucket && step % multipleOf !== 0)
    throw contradiction(`bucket_reso_steps is ${step}; this model needs a multiple of ${multipleOf}.`);
}

function contradiction(message: string): CoinageError {
  return new CoinageError("BUCKET_LIMITS", message, {
    hint: "Change resolution, min_bucket_reso, max_bucket_reso or bucket_reso_steps so that they agree.",
  });
}
