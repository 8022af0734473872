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

/** What a mask keeps, 0 to 1, for each of the latents [4, h, w]: 1 where it is black. factor: pixels to one latent.
 *  @throws PICTURE_SIZE when the mask, rounded down, is not of the size drawn. */
export function keptShare(mask: Picture, [width, height]: Size, channels: number, factor: number): Float32Array {
  const [maskWidth, maskHeight] = sizeFrom(mask);
  if (maskWidth !== width || maskHeight !== height)
    throw new CoinageError(
      "PICTURE_SIZE",
      `A mask of ${mask.width} x ${mask.height} pixels does not fit a picture drawn at ${width} x ${height}.`,
      { hint: "Give a mask of the picture's size; --W and --H together bring both to one." },
    );
  const { data } = resizeLikePillow(toGrey(mask), [width / factor, height / factor], "bilinear");
  const kept = new Float32Array(channels * data.length);
  for (let i = 0; i < kept.length; i++) kept[i] = 1 - Math.fround(data[i % data.length]! / 255);
  return kept;
}
