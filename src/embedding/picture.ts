import { inflateSync } from "node:zlib";
import { limits, requireShallow } from "../budget/index.ts";
import { CoinageError } from "../errors/index.ts";
import { isPng, readPngTexts } from "../formats/png-text/index.ts";
import { cropPicture, decodePicture, type Picture } from "../pictures/index.ts";
import { type Contents, contentsOfJson } from "./contents.ts";

/** The keyword under which the web UI puts an embedding into an image. */
export const embeddingKeyword = "sd-ti-embedding";

/** Image formats in which the web UI looks for an embedding. */
export type CarrierKind = "png" | "webp" | "avif";

/** Bytes at the start of a file that identify its format. */
export const carrierStart = 12;

/** The format of an image that may carry an embedding, from its first bytes. */
export function carrierOf(start: Uint8Array): CarrierKind | undefined {
  if (isPng(start)) return "png";
  const text = String.fromCharCode(...start.subarray(0, carrierStart));
  if (/^RIFF[\s\S]{4}WEBP$/.test(text)) return "webp";
  return /^[\s\S]{4}ftypavif$/.test(text) ? "avif" : undefined;
}

/** The embedding in an image: in a text chunk (PNG only), else in its pixels. Source: A1111 modules/textual_inversion/textual_inversion.py, EmbeddingDatabase.load_from_file.
 *  @throws PNG_INVALID, EMBEDDING_INVALID, EMBEDDING_UNRECOGNIZED if there is none */
export async function contentsOfPicture(picture: Uint8Array, where: string): Promise<Contents> {
  const texts = isPng(picture) ? readPngTexts(picture) : [];
  const chunk = texts.find(({ keyword }) => keyword === embeddingKeyword);
  const json = chunk ? decodeBase64(chunk.text, where) : jsonInPixels(await decode(picture, where), where);
  if (json === undefined)
    throw new CoinageError("EMBEDDING_UNRECOGNIZED", `${where} is an image without an embedding.`, {
      hint: "Saving or uploading an image again can strip its embedding. Get the file as the web UI wrote it.",
    });
  return contentsOfJson(parse(json, where));
}

function decode(picture: Uint8Array, where: string): Promise<Picture> {
  return decodePicture(picture).catch((cause: unknown) => {
    throw cause instanceof CoinageError ? invalid(where, "its pixels cannot be read", cause) : cause;
  });
}

function decodeBase64(text: string, where: string): string {
  const digits = text.replace(/\s/g, "");
  // Two plain searches: one pattern for both would backtrack from every space.
  const isBase64 = !/[^A-Za-z0-9+/=]/.test(digits) && !/=[^=]|===/.test(digits);
  if (!isBase64) throw invalid(where, "its embedding is not base64");
  return Buffer.from(digits, "base64").toString("utf8");
}

function parse(json: string, where: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw invalid(where, "its embedding is not JSON", cause);
  }
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, "string_to_param"))
    throw invalid(where, 'its embedding has no "string_to_param"');
  requireShallow(value, { code: "EMBEDDING_INVALID", subject: `The embedding in ${where}` });
  return value as Readonly<Record<string, unknown>>;
}

/** The JSON text that the web UI hides in the lower four bits of the pixels left and right of the visible image.
 *  image: RGB. Undefined if it hides nothing. Source: A1111 modules/textual_inversion/image_embedding.py, extract_image_data_embed. @throws EMBEDDING_INVALID */
function jsonInPixels(picture: Picture, where: string): string | undefined {
  const framed = withoutFrame(picture);
  const black = framed ? blackColumns(framed) : [];
  if (!framed || black.length < 2) return undefined;
  const low = nibbles(framed, 0, black[0]!);
  const high = nibbles(framed, black.at(-1)! + 1, framed.width);
  const packed = Uint8Array.from(
    low.subarray(0, Math.min(low.length, high.length)),
    (value, i) => (high[i]! << 4) | value,
  );
  // The first byte of zlib data; any other byte belongs to an ordinary image with black columns.
  if (packed[0] !== 0x78) return undefined;
  try {
    return inflateSync(packed, { maxOutputLength: limits.embeddingText.max }).toString("utf8");
  } catch (cause) {
    throw invalid(where, "the numbers in its pixels cannot be unpacked", cause);
  }
}

/** The part of the image within the outermost rows and columns that have a pixel other than 0 in any channel. */
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

/** Columns whose lower bits are all zero: they separate the blocks from the visible image. */
function blackColumns({ width, height, data }: Picture): number[] {
  const isBlack = new Uint8Array(width).fill(1);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 3;
      if ((data[at]! | data[at + 1]! | data[at + 2]!) & 15) isBlack[x] = 0;
    }
  return [...isBlack.keys()].filter((x) => isBlack[x] === 1);
}

/** The lower bits of a block of columns in reading order, without the pseudo-random pattern XORed onto them. */
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

function invalid(where: string, what: string, cause?: unknown): CoinageError {
  return new CoinageError("EMBEDDING_INVALID", `${where} is damaged: ${what}.`, {
    hint: "Get the original file again.",
    cause,
  });
}
