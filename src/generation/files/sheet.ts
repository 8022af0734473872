import { writeFileAtomically } from "../../files/index.ts";
import {
  decodePicture,
  encodePng,
  gridSize,
  type Picture,
  pictureGrid,
  readPictureSize,
  resizeLikePillow,
  type Size,
} from "../../pictures/index.ts";

/** A sheet has at most about this many pixels on a side: pictures become smaller when there are many. */
const mostSidePx = 4096;

/** Pictures in a row of a sheet: those of one prompt, when there are several; otherwise about as many as rows. */
export function sheetColumns(pictures: number, imagesPerPrompt: number): number {
  const areRowsFull = imagesPerPrompt > 1 && pictures % imagesPerPrompt === 0;
  return areRowsFull ? imagesPerPrompt : Math.ceil(Math.sqrt(pictures));
}

/** Writes picture files as one PNG, row by row. @throws PICTURE_UNREADABLE, OUTPUT_UNWRITABLE */
export async function writeSheet(file: string, pictures: readonly string[], columns: number): Promise<void> {
  const sizes = await Promise.all(pictures.map(readPictureSize));
  const cell: Size = [Math.max(...sizes.map(([width]) => width)), Math.max(...sizes.map(([, height]) => height))];
  const [width, height] = gridSize(columns, Math.ceil(pictures.length / columns), cell);
  const scale = Math.min(1, mostSidePx / Math.max(width, height));
  const small: Picture[] = [];
  // one after another, so that never more than one is in memory at full size
  for (const picture of pictures) small.push(scaled(await decodePicture(picture), scale));
  const starts = Array.from({ length: Math.ceil(small.length / columns) }, (_, row) => row * columns);
  const rows = starts.map((start) => small.slice(start, start + columns));
  await writeFileAtomically(file, await encodePng(pictureGrid(rows)));
}

function scaled(picture: Picture, scale: number): Picture {
  const side = (length: number) => Math.max(1, Math.floor(length * scale));
  const size: Size = [side(picture.width), side(picture.height)];
  return scale < 1 ? resizeLikePillow(picture, size, "lanczos") : picture;
}
