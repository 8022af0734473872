import { writeFileAtomically } from "../../files/index.ts";
import { contactSheet, decodePicture, type Picture, type SheetEntry, thumbnailOf } from "../../pictures/index.ts";

/** A picture that was written. */
export interface SheetPicture {
  readonly file: string;
  readonly prompt: string;
  readonly seed: number;
}

/** A sheet of many pictures shows them smaller. */
const [largeSide, smallSide, mostLarge] = [256, 160, 100];

const mostColumns = 10;

/** Pictures in a row of a sheet: those of one prompt, when there are several; otherwise about as many as rows. */
export function sheetColumns(pictures: number, imagesPerPrompt: number): number {
  const hasFullRows = imagesPerPrompt > 1 && pictures % imagesPerPrompt === 0;
  return Math.min(mostColumns, hasFullRows ? imagesPerPrompt : Math.ceil(Math.sqrt(pictures)));
}

/** Writes pictures as one PNG, row by row, each with its prompt and seed below it. @throws PICTURE_UNREADABLE, OUTPUT_UNWRITABLE */
export async function writeSheet(file: string, pictures: readonly SheetPicture[], columns: number): Promise<void> {
  const side = pictures.length > mostLarge ? smallSide : largeSide;
  const entries: SheetEntry[] = [];
  // one after another, so that never more than one is in memory at full size
  for (const { file, prompt, seed } of pictures)
    entries.push({ thumbnail: await thumbnailOf(await decodePicture(file), side), lines: [prompt, `seed ${seed}`] });
  await writeFileAtomically(file, await contactSheet(entries, { side, columns }));
}

/** Writes pictures of a batch on their way as one PNG. @throws OUTPUT_UNWRITABLE */
export async function writePreview(file: string, previews: readonly Picture[]): Promise<void> {
  const side = Math.max(...previews.map(({ width, height }) => Math.max(width, height)));
  const entries = previews.map((thumbnail) => ({ thumbnail, lines: [] }));
  await writeFileAtomically(file, await contactSheet(entries, { side }));
}
