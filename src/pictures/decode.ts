import { open, readFile, stat } from "node:fs/promises";
import sharp, { type Sharp } from "sharp";
import { CoinageError } from "../errors/index.ts";
import { decodeBmp, isBmp, parseBmpHeader } from "../formats/bmp/index.ts";
import { type Channels, dropAlpha, type Picture, type Size } from "./picture.ts";

/** File name endings of pictures we can decode, in the order in which sd-scripts looks for them. */
export const pictureExtensions: readonly string[] = [".png", ".jpg", ".jpeg", ".webp", ".bmp", ".avif"].flatMap(
  (ending) => [ending, ending.toUpperCase()],
);

/** Colours as stored: no profile, no EXIF rotation; a damaged file is an error, a mere warning of the decoder is not. */
const asStored = { ignoreIcc: true, autoOrient: false, failOn: "error" } as const;

const headerBytes = 4096;

/** A picture file as 8-bit RGB: alpha is dropped, not composited, grey replicated, palettes resolved, of 16 bits the high byte.
 *  With `alpha` as RGBA, opaque where the file has none.
 *  @throws PICTURE_UNREADABLE */
export async function decodePicture(file: string | Uint8Array, { alpha = false } = {}): Promise<Picture> {
  try {
    const bytes = typeof file === "string" ? await readWhole(file) : file;
    const picture = isBmp(bytes) ? decodeBmp(bytes) : await decodeWithSharp(bytes);
    return alpha ? withAlpha(picture) : dropAlpha(picture);
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

/** Width and height from the header of a picture file. @throws PICTURE_UNREADABLE */
export async function readPictureSize(file: string): Promise<Size> {
  try {
    await mustBeFile(file);
    const start = await readStart(file);
    if (isBmp(start)) {
      const { width, height } = parseBmpHeader(start);
      return [width, height];
    }
    const { width, height } = await sharp(file, asStored).metadata();
    return [width, height];
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

async function decodeWithSharp(bytes: Uint8Array): Promise<Picture> {
  const image = sharp(bytes, asStored);
  const { space } = await image.metadata();
  if (space === "cmyk") return decodeCmyk(image);
  // "srgb" also turns 16 bits into their high byte and grey into three channels.
  const { data, info } = await image
    .toColourspace("srgb")
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
  // A Buffer would do, but it is compared and copied differently.
  const pixels = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { width: info.width, height: info.height, channels: info.channels as Channels, data: pixels };
}

/** Pillow's plain inversion, which knows nothing of inks. */
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

function withAlpha(picture: Picture): Picture {
  if (picture.channels === 4) return picture;
  const pixels = picture.width * picture.height;
  const data = new Uint8Array(pixels * 4);
  for (let i = 0; i < pixels; i++) {
    for (let c = 0; c < 3; c++) data[i * 4 + c] = picture.data[i * 3 + c]!;
    data[i * 4 + 3] = 255;
  }
  return { ...picture, channels: 4, data };
}

async function readWhole(file: string): Promise<Uint8Array> {
  await mustBeFile(file);
  return readFile(file);
}

/** A pipe or a device would be waited for without end. */
async function mustBeFile(file: string): Promise<void> {
  const found = await stat(file);
  if (!found.isFile()) throw new Error("it is no file");
  if (found.size === 0) throw new Error("it is empty");
}

async function readStart(file: string): Promise<Uint8Array> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(new Uint8Array(headerBytes), 0, headerBytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function unreadable(file: string | Uint8Array, cause: unknown): CoinageError {
  const name = typeof file === "string" ? file : "A picture";
  const said = cause instanceof Error ? cause.message.split("\n")[0]! : String(cause);
  // libpng has no more to say of a file that ends too soon.
  const reason = said === "Unknown error" ? "it is damaged or cut off" : said;
  return new CoinageError("PICTURE_UNREADABLE", `${name} cannot be read as a picture (${reason}).`, {
    hint: "Open it in an image program and save it anew as PNG or JPEG, or take it out of the folder.",
    cause,
  });
}
