import path from "node:path";
import sharp from "sharp";
import { writeFileAtomically } from "../../files/index.ts";
import { type PngText, withPngTexts } from "../../formats/png-text/index.ts";
import { encodePng, type Picture } from "../../pictures/index.ts";

/** Writes a picture: PNG with texts, or by its name WebP. @throws OUTPUT_UNWRITABLE */
export async function writePicture(file: string, picture: Picture, texts: readonly PngText[]): Promise<void> {
  const isWebp = path.extname(file).toLowerCase() === ".webp";
  await writeFileAtomically(file, isWebp ? await encodeWebp(picture) : withPngTexts(await encodePng(picture), texts));
}

async function encodeWebp({ width, height, channels, data }: Picture): Promise<Uint8Array> {
  return sharp(data, { raw: { width, height, channels } }).webp({ quality: 100 }).toBuffer();
}
