/** Width and height in pixels. */
export type Size = readonly [width: number, height: number];

/** 1: grey, 3: RGB, 4: RGBA with straight (not premultiplied) alpha. */
export type Channels = 1 | 3 | 4;

/** An 8-bit picture in memory: rows from the top, channels interleaved. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: Channels;
  readonly data: Uint8Array;
}

/** A copy of the part of a picture whose upper left corner is (left, top). */
export function cropPicture(picture: Picture, left: number, top: number, [width, height]: Size): Picture {
  const { channels } = picture;
  const data = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    const start = ((top + y) * picture.width + left) * channels;
    data.set(picture.data.subarray(start, start + width * channels), y * width * channels);
  }
  return { width, height, channels, data };
}

/** The picture mirrored left to right. */
export function mirrorPicture(picture: Picture): Picture {
  const { width, height, channels } = picture;
  const data = new Uint8Array(picture.data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * channels;
      const to = (y * width + width - 1 - x) * channels;
      for (let c = 0; c < channels; c++) data[to + c] = picture.data[from + c]!;
    }
  }
  return { width, height, channels, data };
}

/** EXIF orientation: 1 as stored, 2 to 8 rotated or mirrored; from 5 on width and height are swapped. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** For each orientation, where the upright picture's pixel (x, y) is stored: sides are swapped, then columns and rows counted from the end. */
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

/** The picture as viewers show it: rotated and mirrored by its EXIF orientation. */
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
