import sharp from "sharp";
import type { Picture } from "./picture.ts";

/** The bytes of a PNG file, lossless and without metadata. */
export async function encodePng(picture: Picture): Promise<Uint8Array> {
  const { width, height, channels, data } = picture;
  const image = sharp(data, { raw: { width, height, channels } });
  if (channels === 1) image.toColourspace("b-w");
  return image.png().toBuffer();
}
