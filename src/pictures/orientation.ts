import type { Picture, Size } from "./picture.ts";

/** EXIF's orientation: 1 as stored, 2 to 8 turned or mirrored; from 5 on width and height change places. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** For each orientation where the upright picture's pixel (x, y) is stored: sides change places, then columns and rows are counted from the end. */
const turns: Readonly<Record<Orientation, { swapped: boolean; fromRight: boolean; fromBottom: boolean }>> = {
  1: { swapped: false, fromRight: false, fromBottom: false },
  2: { swapped: false, fromRight: true, fromBottom: false },
  3: { swapped: false, fromRight: true, fromBottom: true },
  4: { swapped: false, fromRight: false, fromBottom: true },
  5: { swapped: true, fromRight: false, fromBottom: false },
  6: { swapped: true, fromRight: false, fromBottom: true },
  7: { swapped: true, fromRight: true, fromBottom: true },
  8: { swapped: true, fromRight: true, fromBottom: false },
};

/** The size of the upright picture. */
export function uprightSize([width, height]: Size, orientation: Orientation): Size {
  return turns[orientation].swapped ? [height, width] : [width, height];
}

/** The picture as every viewer shows it: turned and mirrored as its orientation says. */
export function turnUpright(picture: Picture, orientation: Orientation): Picture {
  if (orientation === 1) return picture;
  const { swapped, fromRight, fromBottom } = turns[orientation];
  const [width, height] = uprightSize([picture.width, picture.height], orientation);
  const { channels } = picture;
  const data = new Uint8Array(picture.data.length);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [column, row] = swapped ? [y, x] : [x, y];
      const storedX = fromRight ? picture.width - 1 - column : column;
      const storedY = fromBottom ? picture.height - 1 - row : row;
      const from = (storedY * picture.width + storedX) * channels;
      for (let c = 0; c < channels; c++) data[to++] = picture.data[from + c]!;
    }
  }
  return { width, height, channels, data };
}
