import type { NdArray } from "../array/index.ts";
import { CoinageError } from "../errors/index.ts";
import { type Picture, resizeLikePillow } from "../pictures/index.ts";
import { fitSource, sizeFrom } from "./image-to-image.ts";
import { resizeLatents } from "./latent-resize.ts";
import type { HighresFix, PictureBatch, PictureOrder, Sampling, SizeConditions } from "./request.ts";
import type { StartedBatch } from "./stage.ts";

/** The first stage of a highres fix: the same pictures, small. @throws PICTURE_SIZE when nothing is left of them */
export function firstStage({ sampling, pictures }: PictureBatch, highres: HighresFix): PictureBatch {
  const { width, height, strength, sizeConditions } = sampling;
  const size = sizeFrom({ width: scaled(width, highres.scale), height: scaled(height, highres.scale) });
  if (size.includes(0))
    throw new CoinageError(
      "PICTURE_SIZE",
      `The first stage of ${width} x ${height} at ${highres.scale} is too small.`,
      {
        hint: "Give a larger --highres_fix_scale, or draw a larger picture.",
      },
    );
  return {
    sampling: {
      ...sampling,
      width: size[0],
      height: size[1],
      steps: highres.steps,
      strength: highres.strength ?? strength,
      sizeConditions: sizeConditions && scaledConditions(sizeConditions, highres.scale),
      highres: undefined,
    },
    pictures: pictures.map(({ source, ...order }) => ({
      ...order,
      source: source && {
        picture: fitSource(source.picture, size),
        mask: source.mask && fitSource(source.mask, size),
      },
    })),
  };
}

/** The second stage starts from the first one's pictures, enlarged. */
export function stageFromPictures({ sampling, pictures }: PictureBatch, small: readonly Picture[]): PictureBatch {
  const { width, height } = sampling;
  return {
    sampling: withoutHighres(sampling),
    pictures: pictures.map((order, i) => ({
      ...secondOrder(order),
      source: { picture: resizeLikePillow(small[i]!, [width, height], "lanczos") },
    })),
  };
}

/** The second stage starts from the first one's latents, enlarged. factor: pixels to one latent. */
export function stageFromLatents(
  { sampling, pictures }: PictureBatch,
  small: NdArray<Float32Array>,
  factor: number,
): StartedBatch {
  return {
    sampling: withoutHighres(sampling),
    pictures: pictures.map(secondOrder),
    latents: resizeLatents(small, sampling.height / factor, sampling.width / factor),
  };
}

function withoutHighres(sampling: Sampling): Sampling {
  return { ...sampling, highres: undefined };
}

/** Drawn with the next seed, and without a mask. */
function secondOrder({ seed, ...order }: PictureOrder): PictureOrder {
  return { ...order, seed: seed + 1, source: undefined };
}

function scaledConditions(conditions: SizeConditions, scale: number): SizeConditions {
  return Object.fromEntries(
    Object.entries(conditions).map(([name, value]) => [name, value === undefined ? undefined : scaled(value, scale)]),
  );
}

function scaled(size: number, scale: number): number {
  return Math.floor(size * scale + 0.5);
}
