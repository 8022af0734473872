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

/** The part of a picture whose upper left corner lies at (left, top). Shares no memory with it. */
export function cropPicture(picture: Picture, left: number, top: number, [width, height]: Size): Picture {
  const { channels } = picture;
  const data = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    const start = ((top + y) * picture.width + left) * channels;
    data.set(picture.data.subarray(start, start + width * channels), y * width * channels);
  }
  return { width, height, channels, data };
}

/** The picture seen in a mirror: left and right exchanged. */
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

/** The RGB of an RGBA picture as stored, transparent pixels with their hidden colour; an RGB picture itself. */
export function dropAlpha(picture: Picture): Picture {
  if (picture.channels !== 4) return picture;
  const pixels = picture.width * picture.height;
  const data = new Uint8Array(pixels * 3);
  for (let i = 0; i < pixels; i++) {
    data[i * 3] = picture.data[i * 4]!;
    data[i * 3 + 1] = picture.data[i * 4 + 1]!;
    data[i * 3 + 2] = picture.data[i * 4 + 2]!;
  }
  return { ...picture, channels: 3, data };
}

/** The luma of a picture (ITU-R 601) as Pillow's `convert("L")` rounds it. */
export function toGrey(picture: Picture): Picture {
  const { width, height, channels, data } = picture;
  if (channels === 1) return picture;
  const grey = new Uint8Array(width * height);
  for (let i = 0; i < grey.length; i++) {
    const at = i * channels;
    grey[i] = (data[at]! * 19595 + data[at + 1]! * 38470 + data[at + 2]! * 7471 + 0x8000) >> 16;
  }
  return { width, height, channels: 1, data: grey };
}
