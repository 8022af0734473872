import { arrayOf, type NdArray } from "../../array/index.ts";
import { decodePicture, dropAlpha, mirrorPicture, resizePicture, signedUnit } from "../../pictures/index.ts";
import type { TrainingImage } from "../images/training-image.ts";
import { fitToBucket } from "./fit.ts";

/** sd-scripts takes a mask for a picture in -1..1 and maps it back to 0..1, in float32. */
const maskValues = Float32Array.from(signedUnit, (value) => Math.fround(value + 1) / 2);

/** The mask of a picture as [H,W] in 0..1: its red channel, at the place of the picture.
 *  differs from sd-scripts: the mask is resized and cut like its picture; there it is stretched to the bucket.
 *  @throws PICTURE_UNREADABLE */
export async function readMaskPicture(image: TrainingImage, flipped: boolean): Promise<NdArray<Float32Array>> {
  const { maskPath, size, bucket, resized, subset } = image;
  const decoded = dropAlpha(await decodePicture(maskPath!, { exifTranspose: subset.exifTranspose }));
  const isSameSize = decoded.width === size[0] && decoded.height === size[1];
  const interpolation = subset.resizeInterpolation;
  const fitted = isSameSize
    ? fitToBucket(decoded, { bucket, resized, interpolation })
    : resizePicture(decoded, bucket, interpolation);
  const { width, height, channels, data } = flipped ? mirrorPicture(fitted) : fitted;
  return arrayOf(
    [height, width],
    Float32Array.from({ length: width * height }, (_, i) => maskValues[data[i * channels]!]!),
  );
}
