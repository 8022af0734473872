import sharp, { type Metadata } from "sharp";
import { requireWithin } from "../budget/index.ts";
import { readStart, withRegularFile } from "../files/index.ts";
import { isBmp, parseBmpHeader } from "../formats/bmp/index.ts";
import { isPng } from "../formats/png-text/index.ts";
import { undecodableKind, unreadable } from "./kinds.ts";
import { type Orientation, type Size, uprightSize } from "./picture.ts";
import { framesOfPng, readPngStart } from "./png.ts";

/** The header of an image file, read without decoding its pixels. */
export interface PictureHeader {
  /** As stored, in pixels. */
  readonly size: Size;
  /** EXIF orientation. */
  readonly orientation: Orientation;
  /** Whether it has an alpha channel; its pixels may still be opaque. */
  readonly hasAlpha: boolean;
  /** Frames of an animation, pages of a document. */
  readonly pages: number;
}

/** Colours as stored: no profile, no EXIF rotation. A damaged file is an error, a warning of the decoder is not.
 *  Sizes are checked in this file, before anything is decoded. */
export const asStored = { ignoreIcc: true, autoOrient: false, failOn: "error", limitInputPixels: false } as const;

const headerBytes = 4096;

/** Reads the header of a picture file. @throws PICTURE_UNREADABLE, also for too many pixels */
export async function readPictureHeader(file: string): Promise<PictureHeader> {
  try {
    return await withRegularFile(file, async (handle, bytes) => {
      if (bytes === 0) throw new Error("it is empty");
      const start = await readStart(handle, headerBytes);
      if (isBmp(start)) return bmpHeader(start, bytes, file);
      if (!isPng(start)) return headerOf(await metadataOf(file, start), bytes, file);
      const png = await readPngStart(handle, bytes, file);
      return { ...headerOf(await metadataOf(png, start), bytes, file), pages: framesOfPng(png) };
    });
  } catch (cause) {
    throw await unreadable(file, cause);
  }
}

/** Width and height of a picture file: as stored, or turned by its EXIF orientation. @throws PICTURE_UNREADABLE */
export async function readPictureSize(file: string, { exifTranspose = false } = {}): Promise<Size> {
  return shownSize(await readPictureHeader(file), { exifTranspose });
}

/** The size of a picture: as stored, or turned by its EXIF orientation. */
export function shownSize(
  { size, orientation }: PictureHeader,
  { exifTranspose }: { readonly exifTranspose: boolean },
): Size {
  return exifTranspose ? uprightSize(size, orientation) : size;
}

/** The header of a file in memory. name: for errors. @throws PICTURE_UNREADABLE for too many pixels; the decoder's errors */
export async function headerOfBytes(bytes: Uint8Array, name: string): Promise<PictureHeader & { space?: string }> {
  if (bytes.length === 0) throw new Error("it is empty");
  if (isBmp(bytes)) return bmpHeader(bytes, bytes.length, name);
  const metadata = await metadataOf(bytes, bytes);
  return { ...headerOf(metadata, bytes.length, name), space: metadata.space };
}

function bmpHeader(start: Uint8Array, bytes: number, name: string): PictureHeader {
  const { width, height, masks } = parseBmpHeader(start);
  requireSize([width, height], bytes, name);
  return { size: [width, height], orientation: 1, hasAlpha: masks.length === 4, pages: 1 };
}

/** The decoder's formats that are pictures; it also reads vector drawings. */
const formats: ReadonlySet<string> = new Set(["png", "jpeg", "webp", "gif", "tiff", "heif"]);

async function metadataOf(file: string | Uint8Array, start: Uint8Array): Promise<Metadata> {
  try {
    const metadata = await sharp(file, asStored).metadata();
    if (formats.has(metadata.format)) return metadata;
  } catch (cause) {
    throw undecodableKind(start) ?? cause;
  }
  throw undecodableKind(start) ?? new Error("its format is unknown");
}

function headerOf(
  { width, height, orientation = 1, hasAlpha, pages = 1 }: Metadata,
  bytes: number,
  name: string,
): PictureHeader {
  requireSize([width, height], bytes, name);
  const isKnown = orientation >= 1 && orientation <= 8;
  return {
    size: [width, height],
    orientation: isKnown ? (orientation as Orientation) : 1,
    hasAlpha,
    pages,
  };
}

/** Plausible pixels per byte of a file. Photos have fewer than 100. */
const usualPixelsPerByte = 1000;

/** Refuses images that would take too much memory: too large at all, or too large for so small a file. */
function requireSize([width, height]: Size, bytes: number, name: string): void {
  const pixels = width * height;
  const refusal = { code: "PICTURE_UNREADABLE", where: name } as const;
  requireWithin("pictureSide", Math.max(width, height), {
    ...refusal,
    subject: `The picture ${name} (${width}x${height})`,
    hint: "Cut it into pieces.",
  });
  requireWithin("picturePixels", pixels, {
    ...refusal,
    subject: `The picture ${name} (${width}x${height})`,
    hint: "Shrink it: images are trained and generated at a far smaller size anyway.",
  });
  if (pixels > bytes * usualPixelsPerByte)
    requireWithin("emptyPicturePixels", pixels, {
      ...refusal,
      subject: `The picture ${name} (${width}x${height} in ${bytes} bytes)`,
      hint: "Shrink it, or remove it from the folder: a file with so few bytes for its pixels is damaged, or made to exhaust memory.",
    });
}
