import type { Size } from "../../pictures/index.ts";

/** Left, top, right, bottom in pixels; real numbers. */
export type CropBox = readonly [left: number, top: number, right: number, bottom: number];

/** Where a picture would lie if it were fitted inside its bucket: what SDXL is told about the crop.
 *  It describes neither the covering resize nor a random cut. */
export function cropBoxOf([bucketWidth, bucketHeight]: Size, [width, height]: Size): CropBox {
  const aspect = width / height;
  const isBucketWider = bucketWidth / bucketHeight > aspect;
  const fittedWidth = isBucketWider ? bucketHeight * aspect : bucketWidth;
  const fittedHeight = isBucketWider ? bucketHeight : bucketWidth / aspect;
  const left = Math.floor((bucketWidth - fittedWidth) / 2);
  const top = Math.floor((bucketHeight - fittedHeight) / 2);
  return [left, top, left + fittedWidth, top + fittedHeight];
}
