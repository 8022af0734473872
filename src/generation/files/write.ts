import path from "node:path";
import sharp from "sharp";
import { writeFileAtomically } from "../../files/index.ts";
import type { Picture } from "../../pictures/index.ts";
import type { GeneratedImage } from "../image.ts";

/** Writes an image: PNG with its texts, or by its name WebP. @throws OUTPUT_UNWRITABLE */
export async function writeImage(file: string, image: GeneratedImage): Promise<void> {
  const isWebp = path.extname(file).toLowerCase() === ".webp";
  await writeFileAtomically(file, isWebp ? await encodeWebp(image) : await image.toPng());
}

async function encodeWebp({ width, height, channels, data }: Picture): Promise<Uint8Array> {
  return sharp(data, { raw: { width, height, channels } }).webp({ quality: 100 }).toBuffer();
}
