import sharp, { type Sharp } from "sharp";
import { bytesOf } from "../array/index.ts";
import { requireWithin } from "../budget/index.ts";
import { withRegularFile } from "../files/index.ts";
import { decodeBmp, isBmp } from "../formats/bmp/index.ts";
import { isPng } from "../formats/png-text/index.ts";
import { type Colour, dropAlpha, flatten, withAlpha } from "./channels.ts";
import { asStored, headerOfBytes } from "./header.ts";
import { unreadable } from "./kinds.ts";
import { type Channels, type Picture, turnUpright } from "./picture.ts";
import { withoutUnusedChunks } from "./png.ts";

interface DecodeOptions {
  /** RGBA output, opaque if the file has no alpha. */
  readonly alpha?: boolean;
  /** Background colour for transparent pixels; by default they show their hidden colour. */
  readonly background?: Colour | undefined;
  /** Rotates and mirrors by the EXIF orientation. */
  readonly exifTranspose?: boolean;
}

/** Decodes an image file to 8-bit RGB: alpha is dropped, not composited; grey replicated; palettes resolved; for 16 bits the high byte, for an animation the first frame.
 *  @throws PICTURE_UNREADABLE */
export async function decodePicture(file: string | Uint8Array, options: DecodeOptions = {}): Promise<Picture> {
  const { alpha = false, background, exifTranspose = false } = options;
  try {
    const whole = typeof file === "string" ? await readWhole(file) : file;
    const bytes = isPng(whole) ? withoutUnusedChunks(whole) : whole;
    const { orientation, space } = await headerOfBytes(bytes, typeof file === "string" ? file : "in memory");
    const stored = isBmp(bytes) ? decodeBmp(bytes) : await decodeWithSharp(bytes, space);
    const picture = exifTranspose ? turnUpright(stored, orientation) : stored;
    if (alpha) return withAlpha(picture);
    return background ? flatten(picture, background) : dropAlpha(picture);
  } catch (cause) {
    throw await unreadable(file, cause);
  }
}

function readWhole(file: string): Promise<Uint8Array> {
  return withRegularFile(file, (handle, bytes) => {
    requireWithin("pictureFile", bytes, { code: "PICTURE_UNREADABLE", subject: `The picture ${file}`, where: file });
    return handle.readFile();
  });
}

async function decodeWithSharp(bytes: Uint8Array, space: string | undefined): Promise<Picture> {
  const image = sharp(bytes, asStored);
  if (space === "cmyk") return decodeCmyk(image);
  // "srgb" also reduces 16 bits to their high byte and expands grey to three channels.
  const { data, info } = await image
    .toColourspace("srgb")
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
  // A Uint8Array, because a Buffer compares and copies differently.
  const pixels = bytesOf(data);
  return { width: info.width, height: info.height, channels: info.channels as Channels, data: pixels };
}

/** Pillow's plain inversion, without a colour profile. */
async function decodeCmyk(image: Sharp): Promise<Picture> {
  const cmyk = image.pipelineColourspace("cmyk").toColourspace("cmyk").raw({ depth: "uchar" });
  const { data: inks, info } = await cmyk.toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const light = 255 - inks[i * 4 + 3]!;
    for (let c = 0; c < 3; c++) {
      const product = inks[i * 4 + c]! * light + 128;
      data[i * 3 + c] = light - (((product >> 8) + product) >> 8);
    }
  }
  return { width, height, channels: 3, data };
}
