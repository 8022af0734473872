import { CoinageError } from "../errors/index.ts";
import { dropAlpha, type Picture, resizeLikePillow, type Size, toGrey } from "../pictures/index.ts";

/** Pictures to start from are brought to multiples of this many pixels. */
const sideStep = 32;

/** The size at which a picture is drawn anew: its own, rounded down. */
export function sizeFrom({ width, height }: Pick<Picture, "width" | "height">): Size {
  return [width - (width % sideStep), height - (height % sideStep)];
}

/** A picture brought to the size it is drawn at. It is stretched: nothing is cut off. */
export function fitSource(picture: Picture, size: Size): Picture {
  return resizeLikePillow(dropAlpha(picture), size, "lanczos");
}

/** @throws PICTURE_SIZE when a mask, rounded down, is not of the size drawn. */
export function checkMaskSize(
  [maskWidth, maskHeight]: Size,
  { width, height }: Pick<Picture, "width" | "height">,
): void {
  const fitted = sizeFrom({ width: maskWidth, height: maskHeight });
  if (fitted[0] === width && fitted[1] === height) return;
  throw new CoinageError(
    "PICTURE_SIZE",
    `A mask of ${maskWidth} x ${maskHeight} pixels does not fit a picture drawn at ${width} x ${height}.`,
    { hint: "Give a mask of the picture's size; --W and --H together bring both to one." },
  );
}

/** What a mask keeps, 0 to 1, for each of the latents [4, h, w]: 1 where it is black. factor: pixels to one latent.
 *  @throws PICTURE_SIZE when the mask does not fit. */
export function keptShare(mask: Picture, [width, height]: Size, channels: number, factor: number): Float32Array {
  checkMaskSize([mask.width, mask.height], { width, height });
  const { data } = resizeLikePillow(toGrey(mask), [width / factor, height / factor], "bilinear");
  const kept = new Float32Array(channels * data.length);
  for (let i = 0; i < kept.length; i++) kept[i] = 1 - Math.fround(data[i % data.length]! / 255);
  return kept;
}
