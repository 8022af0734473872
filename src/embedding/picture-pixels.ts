import { inflateSync } from "node:zlib";
import { limits } from "../budget/index.ts";
import { cropPicture, type Picture } from "../pictures/index.ts";
import { invalid } from "./picture.ts";

/** The JSON text that the web UI hides in the lower four bits of the pixels left and right of the visible picture.
 *  picture: RGB. undefined: nothing is hidden in it. Source: checkpoints.md section 8.2. @throws EMBEDDING_INVALID */
export function jsonInPixels(picture: Picture, where: string): string | undefined {
  const framed = withoutFrame(picture);
  const black = framed ? blackColumns(framed) : [];
  if (!framed || black.length < 2) return undefined;
  const low = nibbles(framed, 0, black[0]!);
  const high = nibbles(framed, black.at(-1)! + 1, framed.width);
  const packed = Uint8Array.from(
    low.subarray(0, Math.min(low.length, high.length)),
    (value, i) => (high[i]! << 4) | value,
  );
  // What zlib packs begins so. Without it these are just the pixels of a picture with black columns.
  if (packed[0] !== 0x78) return undefined;
  try {
    return inflateSync(packed, { maxOutputLength: limits.embeddingText.most }).toString("utf8");
  } catch (cause) {
    throw invalid(where, "the numbers in its pixels cannot be unpacked", cause);
  }
}

/** The part of the picture within the outermost rows and columns that hold a pixel bright in all three channels. */
function withoutFrame(picture: Picture): Picture | undefined {
  const { width, height, data } = picture;
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 3;
      if (data[at] === 0 || data[at + 1] === 0 || data[at + 2] === 0) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
  }
  return right < 0 ? undefined : cropPicture(picture, left, top, [right - left + 1, bottom - top + 1]);
}

/** The columns whose lower bits are all zero: they part the blocks from the visible picture. */
function blackColumns({ width, height, data }: Picture): number[] {
  const isBlack = new Uint8Array(width).fill(1);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 3;
      if ((data[at]! | data[at + 1]! | data[at + 2]!) & 15) isBlack[x] = 0;
    }
  return [...isBlack.keys()].filter((x) => isBlack[x] === 1);
}

/** The lower bits of a block of columns in reading order, freed from the pseudo-random pattern laid over them. */
function nibbles({ width, height, data }: Picture, from: number, to: number): Uint8Array {
  const values = new Uint8Array((to - from) * height * 3);
  let state = 0;
  let count = 0;
  for (let y = 0; y < height; y++)
    for (let at = (y * width + from) * 3; at < (y * width + to) * 3; at++) {
      state = (Math.imul(1664525, state) + 1013904223) >>> 0;
      values[count++] = (data[at]! & 15) ^ ((state % 255) & 15);
    }
  return values;
}
