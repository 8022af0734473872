import { type NdArray, resizeBicubic } from "../array/index.ts";
import { CoinageError } from "../errors/index.ts";
import { type Picture, resizeLikePillow } from "../pictures/index.ts";
import { fitInitImage } from "./image-to-image.ts";
import {
  type HighresFix,
  type ImageBatch,
  type ImageRequest,
  initImageSize,
  type SamplingPass,
  type SizeConditions,
} from "./request.ts";

/** The first pass of a highres fix: the same images, small. @throws PICTURE_SIZE if a side becomes 0 */
export function firstPassOf(batch: ImageBatch, highres: HighresFix): SamplingPass {
  const { sampling, images } = batch;
  const { width, height, strength, sizeConditions } = sampling;
  const size = initImageSize({ width: scaled(width, highres.scale), height: scaled(height, highres.scale) });
  if (size.includes(0))
    throw new CoinageError("PICTURE_SIZE", `The first pass of ${width} x ${height} at ${highres.scale} is too small.`, {
      hint: "Give a larger --highres_fix_scale, or generate a larger image.",
    });
  return {
    ...batch,
    pass: "first",
    sampling: {
      ...sampling,
      width: size[0],
      height: size[1],
      steps: highres.steps,
      strength: highres.strength ?? strength,
      sizeConditions: sizeConditions && scaledConditions(sizeConditions, highres.scale),
      highres: undefined,
    },
    images: images.map(({ init, ...image }) => ({
      ...image,
      init: init && {
        picture: fitInitImage(init.picture, size),
        mask: init.mask && fitInitImage(init.mask, size),
      },
    })),
  };
}

/** The final pass, from the first pass's images, enlarged. */
export function finalPassFromPictures(batch: ImageBatch, small: readonly Picture[]): SamplingPass {
  const { width, height } = batch.sampling;
  return {
    ...batch,
    images: batch.images.map((image, i) => ({
      ...finalImage(image),
      init: { picture: resizeLikePillow(small[i]!, [width, height], "lanczos") },
    })),
  };
}

/** The final pass, from the first pass's latents, enlarged. vaeScaleFactor: pixels per latent element along a side. */
export function finalPassFromLatents(
  batch: ImageBatch,
  small: NdArray<Float32Array>,
  vaeScaleFactor: number,
): SamplingPass {
  const { width, height } = batch.sampling;
  return {
    ...batch,
    images: batch.images.map(finalImage),
    initLatents: resizeBicubic(small, height / vaeScaleFactor, width / vaeScaleFactor),
  };
}

/** The final pass has the next seed, and no mask. */
function finalImage({ seed, ...image }: ImageRequest): ImageRequest {
  return { ...image, seed: seed + 1, init: undefined };
}

function scaledConditions(conditions: SizeConditions, scale: number): SizeConditions {
  return Object.fromEntries(
    Object.entries(conditions).map(([name, value]) => [name, value === undefined ? undefined : scaled(value, scale)]),
  );
}

function scaled(size: number, scale: number): number {
  return Math.floor(size * scale + 0.5);
}
