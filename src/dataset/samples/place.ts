import { cropPicture, type Picture, type Size } from "../../pictures/index.ts";
import type { PythonRandom } from "../../random/index.ts";
import { type CropBox, cropBoxOf } from "../buckets/crop-box.ts";
import type { DatasetPlan } from "../config/plan.ts";
import type { TrainingImage } from "../images/training-image.ts";
import { cropToFace, faceFromName } from "./face-crop.ts";
import { fitToBucket } from "./fit.ts";

/** A picture of the size that is trained on, and where it came from. */
export interface PlacedPicture {
  readonly picture: Picture;
  readonly originalSize: Size;
  readonly cropBox: CropBox;
}

const nowhere: CropBox = [0, 0, 0, 0];

/** Brings a decoded picture to the size of its bucket; without bucketing the face crop and the plain random crop come first.
 *  differs from sd-scripts: without bucketing a picture that no crop option brings to the training size is fitted to it; there it is an error. */
export function placePicture(
  picture: Picture,
  image: TrainingImage,
  plan: DatasetPlan,
  random: PythonRandom,
): PlacedPicture {
  const cropped = plan.enableBucket ? undefined : cropUnscaled(picture, image, plan.resolution, random);
  if (cropped) return { picture: cropped, originalSize: plan.resolution, cropBox: nowhere };
  const { bucket, resized, subset } = image;
  const fitted = fitToBucket(
    picture,
    { bucket, resized, interpolation: subset.resizeInterpolation },
    subset.randomCrop ? random : undefined,
  );
  const originalSize: Size = [picture.width, picture.height];
  return { picture: fitted, originalSize, cropBox: cropBoxOf(bucket, originalSize) };
}

function cropUnscaled(
  picture: Picture,
  { subset, path }: TrainingImage,
  target: Size,
  random: PythonRandom,
): Picture | undefined {
  const { faceCropAugRange: range, randomCrop, resizeInterpolation: interpolation } = subset;
  const face = range && faceFromName(path);
  if (face) {
    const cropped = cropToFace(picture, face, { target, range, randomCrop, interpolation }, random);
    if (cropped) return cropped;
  }
  const [tooWide, tooHigh] = [picture.width - target[0], picture.height - target[1]];
  if (tooWide === 0 && tooHigh === 0) return picture;
  if (!randomCrop || tooWide < 0 || tooHigh < 0) return undefined;
  // Down before across: the order of the draws.
  const top = tooHigh > 0 ? random.randint(0, tooHigh) : 0;
  const left = tooWide > 0 ? random.randint(0, tooWide) : 0;
  return cropPicture(picture, left, top, target);
}
