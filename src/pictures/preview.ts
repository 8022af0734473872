import sharp, { type Sharp } from "sharp";
import { readStart, withRegularFile } from "../files/index.ts";
import { isBmp } from "../formats/bmp/index.ts";
import { decodePicture } from "./decode.ts";
import { asStored, readPictureHeader } from "./header.ts";
import { unreadable } from "./kinds.ts";

/** A small upright copy of a picture as a WebP file. sidePx: limit of its longer side. The whole file is decoded, so damage is found.
 *  @throws PICTURE_UNREADABLE */
export async function previewOf(file: string, sidePx: number): Promise<Uint8Array> {
  return decoded(file, (image) =>
    image.resize(sidePx, sidePx, { fit: "inside", withoutEnlargement: true }).webp({ quality: 80 }).toBuffer(),
  );
}

/** Writes a picture as an upright PNG, for programs that ignore EXIF. @throws PICTURE_UNREADABLE */
export async function writeUpright(file: string, target: string): Promise<void> {
  await decoded(file, (image) => image.png().toFile(target));
}

async function decoded<Result>(file: string, work: (upright: Sharp) => Promise<Result>): Promise<Result> {
  try {
    // checks the limits on size
    await readPictureHeader(file);
    const start = await withRegularFile(file, (handle) => readStart(handle, 2));
    if (!isBmp(start)) return await work(sharp(file, asStored).autoOrient().toColourspace("srgb"));
    const { data, width, height, channels } = await decodePicture(file);
    return await work(sharp(data, { raw: { width, height, channels } }));
  } catch (cause) {
    throw await unreadable(file, cause);
  }
}
