import { cropPicture, type Interpolation, type Picture, resizePicture, type Size } from "../../pictures/index.ts";
import type { PythonRandom } from "../../random/index.ts";
import { type CropBox, cropBoxOf } from "../buckets/resolutions.ts";
import type { DatasetPlan } from "../config/plan.ts";
import { stemOf } from "../images/paths.ts";
import type { TrainingImage } from "../images/training-image.ts";

/** An image at its training size, with its original size and crop. */
interface PlacedPicture {
  readonly picture: Picture;
  readonly originalSize: Size;
  readonly cropBox: CropBox;
}

const nowhere: CropBox = [0, 0, 0, 0];

/** Resizes and crops a decoded image to its bucket; without bucketing, after face crop or plain random crop.
 *  differs from sd-scripts: without bucketing, an image that no crop option brings to the training size is an error.
 *  coinage: without bucketing, an image that no crop option brings to the training size is resized and cropped to it.
 *  because: images rarely have the training size. */
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
  // Vertical before horizontal: the order of the random draws.
  const top = tooHigh > 0 ? random.randint(0, tooHigh) : 0;
  const left = tooWide > 0 ? random.randint(0, tooWide) : 0;
  return cropPicture(picture, left, top, target);
}

/** A face in an image, in pixels. */
interface Face {
  readonly centre: readonly [x: number, y: number];
  readonly size: Size;
}

interface FaceCrop {
  readonly target: Size;
  /** Least and largest ratio of the target's shorter side to the face. */
  readonly range: readonly [low: number, high: number];
  readonly randomCrop: boolean;
  readonly interpolation: Interpolation | undefined;
}

/** The face that a file name describes: `..._CX_CY_W_H.png`. */
function faceFromName(file: string): Face | undefined {
  const parts = stemOf(file).split("_");
  if (parts.length < 5) return undefined;
  const [x, y, width, height] = parts.slice(-4).map((part) => (/^\d+$/.test(part) ? Number(part) : Number.NaN));
  if (![x, y, width, height].every(Number.isFinite) || x === 0) return undefined;
  return { centre: [x!, y!], size: [width!, height!] };
}

/** Crops the target size around a face, at a random scale within the range and the image.
 *  Undefined if the image is too small. */
function cropToFace(picture: Picture, face: Face, crop: FaceCrop, random: PythonRandom): Picture | undefined {
  const { target, range, interpolation } = crop;
  if (picture.width === target[0] && picture.height === target[1]) return picture;
  const faceSide = Math.max(...face.size);
  const side = Math.min(...target);
  const covering = Math.max(target[1] / picture.height, target[0] / picture.width);
  const low = Math.min(1, Math.max(covering, side / (faceSide * range[1])));
  const high = Math.min(1, Math.max(low, side / (faceSide * range[0])));
  const scale = low >= high ? low : random.uniform(low, high);
  const scaled = (length: number) => Math.trunc(length * scale + 0.5);
  const size: Size = [scaled(picture.width), scaled(picture.height)];
  if (size[0] < target[0] || size[1] < target[1]) return undefined;
  const resized = resizePicture(picture, size, interpolation);
  const isSwayed = range[0] !== range[1] && faceSide > Math.floor(side / 10) && faceSide >= 40;
  const start = (axis: 0 | 1) => {
    const [length, wanted, centre] = [size[axis], target[axis], scaled(face.centre[axis])];
    let at = centre - Math.floor(wanted / 2);
    if (crop.randomCrop) {
      const reach = Math.max(length - centre, centre);
      at += random.randint(0, reach) + random.randint(0, reach) - reach;
    } else if (isSwayed) {
      at += random.randint(Math.floor(-faceSide / 20), Math.floor(faceSide / 20));
    }
    return Math.max(0, Math.min(at, length - wanted));
  };
  // Vertical before horizontal: the order of the random draws.
  const top = start(1);
  return cropPicture(resized, start(0), top, target);
}

/** How an image is fitted to its bucket. */
interface Fit {
  readonly bucket: Size;
  readonly resized: Size;
  readonly interpolation: Interpolation | undefined;
}

/** Resizes an image to cover its bucket and crops the excess: centred, or at random with a generator
 *  (horizontal drawn before vertical). */
export function fitToBucket(picture: Picture, { bucket, resized, interpolation }: Fit, random?: PythonRandom): Picture {
  const isResized = picture.width !== resized[0] || picture.height !== resized[1];
  const covering = isResized ? resizePicture(picture, resized, interpolation) : picture;
  const [left, top] = cornerOf([covering.width, covering.height], bucket, random);
  return cropPicture(covering, left, top, bucket);
}

/** Top left corner of a bucket in an image that covers it: centred, or at random with a generator (horizontal drawn before vertical). */
function cornerOf([width, height]: Size, bucket: Size, random?: PythonRandom): readonly [left: number, top: number] {
  const offset = (excess: number) => {
    if (excess <= 0) return 0;
    return random ? random.randint(0, excess) : Math.floor(excess / 2);
  };
  const left = offset(width - bucket[0]);
  return [left, offset(height - bucket[1])];
}

/** The part of an image that is trained on, and its size. */
export interface TrainedCrop {
  /** The image's file. */
  readonly path: string;
  /** Training size, in pixels. */
  readonly width: number;
  readonly height: number;
  /** The part, in the image's own pixels; may be fractional if the image is resized. */
  readonly left: number;
  readonly top: number;
  readonly cropWidth: number;
  readonly cropHeight: number;
  /** Whether the part is random each time; this is then the one in the centre. */
  readonly isRandom: boolean;
}

/** The part of an image that fills its bucket. */
export function trainedCropOf({ path, size, bucket, resized, subset }: TrainingImage): TrainedCrop {
  const [left, top] = cornerOf(resized, bucket);
  const [x, y] = [size[0] / resized[0], size[1] / resized[1]];
  return {
    path,
    width: bucket[0],
    height: bucket[1],
    left: left * x,
    top: top * y,
    cropWidth: bucket[0] * x,
    cropHeight: bucket[1] * y,
    isRandom: subset.randomCrop || subset.faceCropAugRange !== undefined,
  };
}
