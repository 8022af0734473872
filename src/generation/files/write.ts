import path from "node:path";
import sharp from "sharp";
import { writeFileAtomically } from "../../files/index.ts";
import { type PngText, withPngTexts } from "../../formats/png-text/index.ts";
import {
  contactSheet,
  decodePicture,
  encodePng,
  type Picture,
  type SheetEntry,
  thumbnailOf,
} from "../../pictures/index.ts";

/** A generated image in memory: 8 bits per channel, rows from the top, RGB interleaved. */
export interface GeneratedImage extends Picture {
  /** The bytes of a PNG file. */
  toPng(): Promise<Uint8Array>;
}

/** texts: text chunks of the PNG. */
export function generatedImage(picture: Picture, texts: readonly PngText[] = []): GeneratedImage {
  return { ...picture, toPng: async () => withPngTexts(await encodePng(picture), texts) };
}

/** Writes an image: as WebP if its name says so, else as PNG with its texts. @throws OUTPUT_UNWRITABLE */
export async function writeImage(file: string, image: GeneratedImage): Promise<void> {
  const isWebp = path.extname(file).toLowerCase() === ".webp";
  await writeFileAtomically(file, isWebp ? await encodeWebp(image) : await image.toPng());
}

async function encodeWebp({ width, height, channels, data }: Picture): Promise<Uint8Array> {
  return sharp(data, { raw: { width, height, channels } }).webp({ quality: 100 }).toBuffer();
}

/** A written image. */
export interface SheetImage {
  readonly file: string;
  readonly prompt: string;
  readonly seed: number;
}

/** Sides of images on a sheet in pixels; smaller if there are more than mostLarge. */
const [largeSide, smallSide, mostLarge] = [256, 160, 100];

const mostColumns = 10;

/** Images in a row of a sheet: those of one prompt, if there are several; else about as many as rows. */
export function sheetColumns(images: number, imagesPerPrompt: number): number {
  const hasFullRows = imagesPerPrompt > 1 && images % imagesPerPrompt === 0;
  return Math.min(mostColumns, hasFullRows ? imagesPerPrompt : Math.ceil(Math.sqrt(images)));
}

/** Writes images as one PNG, row by row, each with its prompt and seed below it. @throws PICTURE_UNREADABLE, OUTPUT_UNWRITABLE */
export async function writeSheet(file: string, images: readonly SheetImage[], columns: number): Promise<void> {
  const side = images.length > mostLarge ? smallSide : largeSide;
  const entries: SheetEntry[] = [];
  // one after another, so that only one is in memory at full size
  for (const { file, prompt, seed } of images)
    entries.push({ thumbnail: await thumbnailOf(await decodePicture(file), side), lines: [prompt, `seed ${seed}`] });
  await writeFileAtomically(file, await contactSheet(entries, { side, columns }));
}

/** Writes previews of a batch as one PNG. @throws OUTPUT_UNWRITABLE */
export async function writePreview(file: string, previews: readonly Picture[]): Promise<void> {
  const side = Math.max(...previews.map(({ width, height }) => Math.max(width, height)));
  const entries = previews.map((thumbnail) => ({ thumbnail, lines: [] }));
  await writeFileAtomically(file, await contactSheet(entries, { side }));
}
