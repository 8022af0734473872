import type { Picture } from "./picture.ts";

/** The RGB of an RGBA picture as stored, with the hidden colour of transparent pixels; other pictures unchanged. */
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

/** The picture as RGBA, opaque if it had no alpha. */
export function withAlpha(picture: Picture): Picture {
  if (picture.channels === 4) return picture;
  const pixels = picture.width * picture.height;
  const data = new Uint8Array(pixels * 4);
  for (let i = 0; i < pixels; i++) {
    for (let c = 0; c < 3; c++) data[i * 4 + c] = picture.data[i * 3 + c]!;
    data[i * 4 + 3] = 255;
  }
  return { ...picture, channels: 4, data };
}

/** The luma of a picture (ITU-R 601), rounded as by Pillow's `convert("L")`. */
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

/** Alpha below this is visible transparency; anything above is a rounding error of image editors. */
const opaqueFrom = 250;

/** Whether an RGBA picture has transparent pixels. */
export function isTransparent({ channels, data }: Picture): boolean {
  if (channels !== 4) return false;
  for (let i = 3; i < data.length; i += 4) if (data[i]! < opaqueFrom) return true;
  return false;
}

/** An RGBA picture composited on a background colour, as RGB; other pictures unchanged. */
export function flatten(picture: Picture, background: Colour): Picture {
  if (picture.channels !== 4) return picture;
  const pixels = picture.width * picture.height;
  const data = new Uint8Array(pixels * 3);
  for (let i = 0; i < pixels; i++) {
    const alpha = picture.data[i * 4 + 3]!;
    for (let c = 0; c < 3; c++)
      data[i * 3 + c] = Math.round((picture.data[i * 4 + c]! * alpha + background[c]! * (255 - alpha)) / 255);
  }
  return { ...picture, channels: 3, data };
}

/** Red, green, blue in 0..255. */
export type Colour = readonly [red: number, green: number, blue: number];

const named: Readonly<Record<string, Colour>> = {
  white: [255, 255, 255],
  black: [0, 0, 0],
  grey: [128, 128, 128],
  gray: [128, 128, 128],
};

/** Parses a colour name, "#rgb" or "#rrggbb"; undefined for anything else. */
export function parseColour(text: string): Colour | undefined {
  const known = named[text.trim().toLowerCase()];
  if (known) return known;
  const digits = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(text.trim())?.[1];
  if (digits === undefined) return undefined;
  const parts = digits.length === 3 ? [...digits].map((digit) => digit + digit) : digits.match(/../g)!;
  return parts.map((part) => Number.parseInt(part, 16)) as unknown as Colour;
}
