import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import sharp from "sharp";
import { CoinageError } from "../../errors/index.ts";
import { writeFileAtomically } from "../../files/index.ts";
import { type PngText, withPngTexts } from "../../formats/png-text/index.ts";
import { encodePng, type Picture } from "../../pictures/index.ts";

/** Makes the output folder and tries whether it can be written to, before anything is drawn. @throws OUTPUT_UNWRITABLE */
export async function prepareFolder(folder: string): Promise<void> {
  const probe = path.join(folder, ".coinage-can-write");
  try {
    await mkdir(folder, { recursive: true });
    await writeFileAtomically(probe, "");
    await rm(probe);
  } catch (cause) {
    throw new CoinageError("OUTPUT_UNWRITABLE", `The output folder ${path.resolve(folder)} cannot be written to.`, {
      where: `--outdir ${folder}`,
      hint: "Choose another folder, or make this one writable.",
      cause,
    });
  }
}

/** Writes a picture: PNG with texts, or by its name WebP. @throws OUTPUT_UNWRITABLE */
export async function writePicture(file: string, picture: Picture, texts: readonly PngText[]): Promise<void> {
  const isWebp = path.extname(file).toLowerCase() === ".webp";
  await writeFileAtomically(file, isWebp ? await encodeWebp(picture) : withPngTexts(await encodePng(picture), texts));
}

async function encodeWebp({ width, height, channels, data }: Picture): Promise<Uint8Array> {
  return sharp(data, { raw: { width, height, channels } }).webp({ quality: 100 }).toBuffer();
}
