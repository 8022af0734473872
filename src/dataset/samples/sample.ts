import { arrayOf, type NdArray } from "../../array/index.ts";
import { CoinageError } from "../../errors/index.ts";
import { channelToFloats, mirrorPicture, pictureToFloats, type Size } from "../../pictures/index.ts";
import type { PythonRandom } from "../../random/index.ts";
import type { CropBox } from "../buckets/crop-box.ts";
import type { DatasetPlan } from "../config/plan.ts";
import type { TrainingImage } from "../images/training-image.ts";
import type { CachedLatents } from "../latents/cached.ts";
import { shortcomingOf } from "../latents/files.ts";
import { augmentColour } from "./colour.ts";
import { readMaskPicture } from "./mask-picture.ts";
import { placePicture } from "./place.ts";
import { readTrainingPicture } from "./read-picture.ts";

/** Height and width, or top and left, in pixels. */
export type Pair = readonly [number, number];

/** One picture as it is trained on this time. Either `pixels` or `latents` is there. */
export interface Sample {
  readonly imageKey: string;
  /** Processed: tags arranged, placeholder filled in. */
  readonly caption: string;
  /** 1, of regularisation pictures `prior_loss_weight`. */
  readonly lossWeight: number;
  readonly originalSizeHw: Pair;
  readonly cropTopLeft: Pair;
  /** Size of the pixels, also when only latents are there. */
  readonly targetSizeHw: Pair;
  readonly flipped: boolean;
  /** [3,H,W] in -1..1. */
  readonly pixels?: NdArray<Float32Array>;
  /** [4,H/8,W/8], not scaled. */
  readonly latents?: NdArray<Float32Array>;
  /** [H,W] in 0..1: how much each place counts in the loss, from the alpha channel or from a mask picture. */
  readonly lossMask?: NdArray<Float32Array>;
}

/** A sample whose caption is not drawn yet. */
export type PreparedSample = Omit<Sample, "caption">;

/** Everything of a sample but its caption. Draws whether to mirror, then where to cut, then colours.
 *  @throws PICTURE_UNREADABLE, LATENTS_UNREADABLE, MASK_MISSING */
export async function prepareSample(
  image: TrainingImage,
  plan: DatasetPlan,
  cached: CachedLatents | undefined,
  random: PythonRandom,
): Promise<PreparedSample> {
  const flipped = image.subset.flipAug && random.random() < 0.5;
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
      hint: "Leave --skip_cache_check out, or delete the cache: what does not fit is made anew then.",
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
  // differs from sd-scripts: without a box there is nothing to mirror; there left becomes the whole width.
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
