import { arrayOf, type NdArray, stack } from "../../array/index.ts";
import { CoinageError } from "../../errors/index.ts";
import {
  channelToFloats,
  decodePicture,
  dropAlpha,
  mirrorPicture,
  type Picture,
  pictureToFloats,
  resizePicture,
  type Size,
  signedUnit,
} from "../../pictures/index.ts";
import { PythonRandom } from "../../random/index.ts";
import type { CropBox } from "../buckets/resolutions.ts";
import type { DatasetPlan } from "../config/plan.ts";
import type { TrainingImage } from "../images/training-image.ts";
import { type CachedLatents, shortcomingOf } from "../latents/files.ts";
import { augmentColour } from "./colour.ts";
import { fitToBucket, placePicture } from "./place.ts";

/** Height and width, or top and left, in pixels. */
type Pair = readonly [number, number];

/** A training sample of an image, with either `pixels` or `latents`. */
export interface Sample {
  readonly imageKey: string;
  /** After all random choices and replacements. */
  readonly caption: string;
  /** 1, or `prior_loss_weight` for regularisation images. */
  readonly lossWeight: number;
  readonly originalSizeHw: Pair;
  readonly cropTopLeft: Pair;
  /** Size of the pixels, also for latents. */
  readonly targetSizeHw: Pair;
  readonly flipped: boolean;
  /** [3,H,W] in -1..1. */
  readonly pixels?: NdArray<Float32Array>;
  /** [4,H/8,W/8], unscaled. */
  readonly latents?: NdArray<Float32Array>;
  /** [H,W] in 0..1: weight of each place in the loss, from the alpha channel or from a mask image. */
  readonly lossMask?: NdArray<Float32Array>;
}

/** A sample without its caption. */
export type PreparedSample = Omit<Sample, "caption">;

/** Prepares a sample except its caption. Draws mirroring, then crop, then colours.
 *  @throws PICTURE_UNREADABLE, LATENTS_UNREADABLE, MASK_MISSING */
export async function prepareSample(
  image: TrainingImage,
  plan: DatasetPlan,
  cached: CachedLatents | undefined,
  random: PythonRandom,
): Promise<PreparedSample> {
  return preparedAs(image, plan, cached, image.subset.flipAug && random.random() < 0.5, random);
}

/** Prepares a sample without randomness: centre crop, no colour augmentation. Mirrored only if its subset has flips.
 *  @throws PICTURE_UNREADABLE, LATENTS_UNREADABLE, MASK_MISSING */
export function prepareStill(
  image: TrainingImage,
  plan: DatasetPlan,
  cached: CachedLatents | undefined,
  isMirrored: boolean,
): Promise<PreparedSample> {
  const subset = { ...image.subset, randomCrop: false, colorAug: false, faceCropAugRange: undefined };
  return preparedAs({ ...image, subset }, plan, cached, subset.flipAug && isMirrored, new PythonRandom(0));
}

async function preparedAs(
  image: TrainingImage,
  plan: DatasetPlan,
  cached: CachedLatents | undefined,
  flipped: boolean,
  random: PythonRandom,
): Promise<PreparedSample> {
  const content = cached ? fromLatents(image, cached, flipped) : await fromPicture(image, plan, flipped, random);
  const lossMask = image.maskPath === undefined ? content.lossMask : await readMaskPicture(image, flipped);
  const { originalSize, cropBox, lossMask: _, ...rest } = content;
  return {
    imageKey: image.key,
    lossWeight: image.lossWeight,
    originalSizeHw: [originalSize[1], originalSize[0]],
    cropTopLeft: cropTopLeft(cropBox, image.bucket, flipped),
    targetSizeHw: [image.bucket[1], image.bucket[0]],
    flipped,
    ...rest,
    ...(lossMask && { lossMask }),
  };
}

interface Content extends Pick<Sample, "pixels" | "latents" | "lossMask"> {
  readonly originalSize: Size;
  readonly cropBox: CropBox;
}

function fromLatents(image: TrainingImage, cached: CachedLatents, flipped: boolean): Content {
  const shortcoming = shortcomingOf(cached, image);
  if (shortcoming)
    throw new CoinageError("LATENTS_UNREADABLE", `The cached latents of ${image.path} do not fit: ${shortcoming}.`, {
      where: image.path,
      hint: "Leave out --skip_cache_check, or delete the cache: it is then rebuilt.",
    });
  const { alphaMask, originalSize, cropBox } = cached;
  return {
    latents: flipped ? cached.flipped! : cached.latents,
    originalSize,
    cropBox,
    ...(alphaMask && { lossMask: flipped ? mirrored(alphaMask) : alphaMask }),
  };
}

async function fromPicture(
  image: TrainingImage,
  plan: DatasetPlan,
  flipped: boolean,
  random: PythonRandom,
): Promise<Content> {
  const { alphaMask, colorAug } = image.subset;
  const decoded = await readTrainingPicture(image);
  const { picture: placed, originalSize, cropBox } = placePicture(decoded, image, plan, random);
  const coloured = colorAug ? augmentColour(placed, random) : placed;
  const picture = flipped ? mirrorPicture(coloured) : coloured;
  return {
    pixels: pictureToFloats(picture),
    originalSize,
    cropBox,
    ...(alphaMask && { lossMask: channelToFloats(picture, 3) }),
  };
}

function cropTopLeft([left, top, right, bottom]: CropBox, bucket: Size, flipped: boolean): Pair {
  // differs from sd-scripts: the crop of a mirrored sample that was cropped without bucketing starts at the whole width.
  // coinage: the crop of a mirrored sample that was cropped without bucketing starts at 0, as that of one that is not mirrored.
  // because: no crop box is recorded for such samples, so there is nothing to mirror.
  const hasBox = right > left && bottom > top;
  return [Math.trunc(top), Math.trunc(flipped && hasBox ? bucket[0] - right : left)];
}

/** The array with its last axis reversed. */
function mirrored({ shape, data }: NdArray<Float32Array>): NdArray<Float32Array> {
  const width = shape.at(-1)!;
  const copy = Float32Array.from(data);
  for (let at = 0; at < copy.length; at += width) copy.subarray(at, at + width).reverse();
  return arrayOf(shape, copy);
}

/** Decodes a training image for its subset: RGBA with an alpha mask, else RGB; upright and on a background colour if the subset says so.
 *  @throws PICTURE_UNREADABLE */
export function readTrainingPicture({ path, subset }: TrainingImage): Promise<Picture> {
  const { alphaMask, alphaBackground, exifTranspose } = subset;
  return decodePicture(path, { alpha: alphaMask, background: alphaBackground, exifTranspose });
}

/** sd-scripts normalizes a mask to -1..1 like an image and maps it back to 0..1, in float32. */
const maskValues = Float32Array.from(signedUnit, (value) => Math.fround(value + 1) / 2);

/** The mask of an image as [H,W] in 0..1: its red channel, cropped like the image.
 *  differs from sd-scripts: a mask is stretched to the bucket.
 *  coinage: a mask is resized and cropped like its image.
 *  because: a stretched mask covers other parts of the image.
 *  @throws PICTURE_UNREADABLE */
async function readMaskPicture(image: TrainingImage, flipped: boolean): Promise<NdArray<Float32Array>> {
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

/** Samples of one resolution that go through the networks together. */
export interface MicroBatch {
  /** Number of the batch in the epoch's arrangement, before the loader's order. */
  readonly index: number;
  /** Index of its dataset. */
  readonly dataset: number;
  readonly resolution: Size;
  /** The images of the samples. */
  readonly images: readonly TrainingImage[];
  readonly samples: readonly Sample[];
}

/** Pixels [B,3,H,W] of a batch; undefined if it has latents. */
export function batchPixels({ samples }: MicroBatch): NdArray<Float32Array> | undefined {
  return stackIfThere(samples.map(({ pixels }) => pixels));
}

/** Latents [B,4,H/8,W/8] of a batch, unscaled; undefined if it has pixels. */
export function batchLatents({ samples }: MicroBatch): NdArray<Float32Array> | undefined {
  return stackIfThere(samples.map(({ latents }) => latents));
}

/** Loss masks [B,H,W] of a batch; undefined if no sample has one. 1 for samples without a mask. */
export function batchLossMasks({
  samples,
  resolution: [width, height],
}: MicroBatch): NdArray<Float32Array> | undefined {
  if (samples.every(({ lossMask }) => lossMask === undefined)) return undefined;
  const everywhere = arrayOf([height, width], new Float32Array(width * height).fill(1));
  return stack(samples.map(({ lossMask }) => lossMask ?? everywhere));
}

function stackIfThere(arrays: readonly (NdArray<Float32Array> | undefined)[]): NdArray<Float32Array> | undefined {
  const there = arrays.filter((array) => array !== undefined);
  return there.length === arrays.length && there.length > 0 ? stack(there) : undefined;
}
