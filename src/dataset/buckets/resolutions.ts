import { CoinageError } from "../../errors/index.ts";
import type { Size } from "../../pictures/index.ts";
import type { DatasetPlan } from "../config/plan.ts";
import type { DatasetWarnings } from "../warnings.ts";

/** Limits of the predefined bucket resolutions, in pixels. */
export interface BucketLimits {
  readonly minSide: number;
  readonly maxSide: number;
  readonly step: number;
}

/** The bucket resolutions with about the area of the training resolution, sorted by width, then height. */
export function predefinedResolutions([width, height]: Size, { minSide, maxSide, step }: BucketLimits): Size[] {
  const area = width * height;
  const square = Math.floor(Math.sqrt(area) / step) * step;
  const resolutions = new Map<string, Size>();
  const add = (size: Size) => resolutions.set(size.join("x"), size);
  add([square, square]);
  for (let side = minSide; side <= maxSide; side += step) {
    const other = Math.min(maxSide, Math.floor(Math.floor(area / side) / step) * step);
    if (other < minSide) continue;
    add([side, other]);
    add([other, side]);
  }
  return [...resolutions.values()].sort(bySize);
}

/** By width, then height. */
export function bySize(a: Size, b: Size): number {
  return a[0] - b[0] || a[1] - b[1];
}

/** The bucket limits of a dataset, rounded outwards to multiples of the step; undefined without bucketing.
 *  @throws BUCKET_LIMITS if they contradict the training resolution */
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

/** @throws BUCKET_LIMITS if the U-Net cannot take images whose sides are multiples of the bucket step */
export function checkBucketSteps({ enableBucket, bucketResoSteps: step }: DatasetPlan, multipleOf: number): void {
  if (enableBucket && step % multipleOf !== 0)
    throw contradiction(`bucket_reso_steps is ${step}; this model needs a multiple of ${multipleOf}.`);
}

function contradiction(message: string): CoinageError {
  return new CoinageError("BUCKET_LIMITS", message, {
    hint: "Change resolution, min_bucket_reso, max_bucket_reso or bucket_reso_steps so that they agree.",
  });
}

/** The bucket of an image. */
export interface BucketChoice {
  readonly bucket: Size;
  /** The size the image is resized to: it covers the bucket, and the excess is cropped. */
  readonly resized: Size;
  /** Aspect ratio of the bucket minus that of the image. */
  readonly aspectError: number;
}

/** The bucket of the image's own size, if among the resolutions, else the one with the nearest aspect ratio. */
export function chooseNearest([width, height]: Size, resolutions: readonly Size[]): BucketChoice {
  const aspect = width / height;
  const same = resolutions.find(([w, h]) => w === width && h === height);
  const bucket = same ?? nearestAspect(aspect, resolutions);
  const bucketAspect = bucket[0] / bucket[1];
  const scale = aspect > bucketAspect ? bucket[1] / height : bucket[0] / width;
  const resized: Size = [Math.trunc(width * scale + 0.5), Math.trunc(height * scale + 0.5)];
  return { bucket, resized, aspectError: bucketAspect - aspect };
}

function nearestAspect(aspect: number, resolutions: readonly Size[]): Size {
  const errorOf = ([w, h]: Size) => Math.abs(w / h - aspect);
  return resolutions.reduce((best, candidate) => (errorOf(candidate) < errorOf(best) ? candidate : best));
}

/** A bucket made for the image: shrunk to the area of the training resolution if larger, never enlarged, sides cut to multiples of the step.
 *  Undefined if a side would vanish.
 *  differs from sd-scripts: with --bucket_no_upscale an image smaller than one bucket step stops the run, or makes a bucket of width 0 that fails later.
 *  coinage: with --bucket_no_upscale an image smaller than one bucket step is left out with a warning.
 *  because: one image should not end a run. */
export function chooseWithoutUpscaling(size: Size, resolution: Size, step: number): BucketChoice | undefined {
  const [width, height] = size;
  const area = resolution[0] * resolution[1];
  const resized = width * height > area ? shrunk(width / height, area, step) : size;
  const bucket: Size = [resized[0] - (resized[0] % step), resized[1] - (resized[1] % step)];
  if (!(bucket[0] > 0 && bucket[1] > 0)) return undefined;
  return { bucket, resized, aspectError: bucket[0] / bucket[1] - width / height };
}

/** A size with about this area and aspect ratio; one side, chosen for least distortion, is a multiple of the step. */
function shrunk(aspect: number, area: number, step: number): Size {
  const toStep = (x: number) => Math.trunc(x + 0.5) - (Math.trunc(x + 0.5) % step);
  const idealWidth = Math.sqrt(area * aspect);
  const width = toStep(idealWidth);
  const height = toStep(area / idealWidth);
  const widthAspect = width / toStep(width / aspect);
  const heightAspect = toStep(height * aspect) / height;
  return Math.abs(widthAspect - aspect) < Math.abs(heightAspect - aspect)
    ? [width, Math.trunc(width / aspect + 0.5)]
    : [Math.trunc(height * aspect + 0.5), height];
}

/** Left, top, right, bottom in pixels; real numbers. */
export type CropBox = readonly [left: number, top: number, right: number, bottom: number];

/** The box of an image fitted inside its bucket, for SDXL's crop conditioning.
 *  Describes neither the covering resize nor a random crop. */
export function cropBoxOf([bucketWidth, bucketHeight]: Size, [width, height]: Size): CropBox {
  const aspect = width / height;
  const isBucketWider = bucketWidth / bucketHeight > aspect;
  const fittedWidth = isBucketWider ? bucketHeight * aspect : bucketWidth;
  const fittedHeight = isBucketWider ? bucketHeight : bucketWidth / aspect;
  const left = Math.floor((bucketWidth - fittedWidth) / 2);
  const top = Math.floor((bucketHeight - fittedHeight) / 2);
  return [left, top, left + fittedWidth, top + fittedHeight];
}
