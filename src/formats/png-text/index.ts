import { crc32, inflateSync } from "node:zlib";
import { dataViewOn } from "../../array/index.ts";
import { Budget, type Refusal } from "../../budget/index.ts";
import { CoinageError } from "../../errors/index.ts";

const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

export function isPng(bytes: Uint8Array): boolean {
  return signature.every((byte, i) => bytes[i] === byte);
}

/** A text chunk of a PNG image. */
export interface PngText {
  readonly keyword: string;
  readonly text: string;
}

/** The texts of a PNG image (tEXt, zTXt, iTXt) in file order. @throws PNG_INVALID, also if they unpack to more than the limit `pngTextBytes` */
export function readPngTexts(png: Uint8Array): PngText[] {
  const budget = new Budget("pngTextBytes", tooMuchPng);
  return readChunks(png).flatMap((chunk) => textOf(chunk, budget) ?? []);
}

/** The image with texts inserted before its pixels: tEXt if Latin-1 can hold the text, else uncompressed iTXt, as Pillow does.
 *  Texts with the same keywords are replaced. @throws PNG_INVALID, also for a keyword that PNG does not allow */
export function withPngTexts(png: Uint8Array, texts: readonly PngText[]): Uint8Array {
  const replaced = new Set(texts.map(({ keyword }) => keyword));
  const kept = readChunks(png).filter((chunk) => !replaced.has(keywordOf(chunk) ?? ""));
  const pixels = kept.findIndex(({ type }) => type === "IDAT");
  if (pixels < 0) throw invalidPng("it has no pixels");
  return writeChunks([...kept.slice(0, pixels), ...texts.map(chunkOf), ...kept.slice(pixels)]);
}

function keywordOf({ type, data }: PngChunk): string | undefined {
  return ["tEXt", "zTXt", "iTXt"].includes(type) ? latin1(data.subarray(0, data.indexOf(0))) : undefined;
}

function textOf(chunk: PngChunk, budget: Budget): PngText | undefined {
  const { type, data } = chunk;
  const keyword = keywordOf(chunk);
  if (keyword === undefined) return undefined;
  const end = data.indexOf(0);
  if (end < 0) throw invalidPng("a text in it has no keyword");
  const rest = data.subarray(end + 1);
  budget.spend(rest.length);
  if (type === "tEXt") return { keyword, text: latin1(rest) };
  if (type === "zTXt") return { keyword, text: latin1(inflate(rest.subarray(1), budget)) };
  return { keyword, text: internationalText(rest, budget) };
}

/** Flag, method, language, translated keyword, then UTF-8. */
function internationalText(rest: Uint8Array, budget: Budget): string {
  const language = rest.indexOf(0, 2);
  const translated = rest.indexOf(0, language + 1);
  if (language < 0 || translated < 0) throw invalidPng("a text in it is truncated");
  const bytes = rest.subarray(translated + 1);
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(rest[0] === 1 ? inflate(bytes, budget) : bytes);
}

function inflate(bytes: Uint8Array, budget: Budget): Uint8Array {
  let text: Uint8Array;
  try {
    text = inflateSync(bytes, { maxOutputLength: Math.max(1, budget.left) });
  } catch (cause) {
    throw invalidPng("a text in it cannot be unpacked, or is too large", cause);
  }
  budget.spend(text.length);
  return text;
}

function chunkOf({ keyword, text }: PngText): PngChunk {
  if (!/^[\x20-\x7e\xa1-\xff]{1,79}$/.test(keyword)) throw invalidPng(`"${keyword}" cannot be a keyword`);
  const head = latin1Bytes(`${keyword}\0`);
  if (isLatin1(text)) return { type: "tEXt", data: Buffer.concat([head, latin1Bytes(text)]) };
  return { type: "iTXt", data: Buffer.concat([head, Uint8Array.of(0, 0, 0, 0), new TextEncoder().encode(text)]) };
}

function isLatin1(text: string): boolean {
  for (const character of text) if (character.codePointAt(0)! > 255) return false;
  return true;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

/** Latin-1 text as bytes; its characters must be below 256. */
export function latin1Bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

export interface PngChunk {
  /** Four letters: IHDR, tEXt, IDAT ... */
  readonly type: string;
  readonly data: Uint8Array;
}

/** The chunks of a PNG image up to IEND. @throws PNG_INVALID */
export function readChunks(png: Uint8Array): PngChunk[] {
  if (!isPng(png)) throw invalidPng("it does not start like one");
  const view = dataViewOn(png);
  const chunks: PngChunk[] = [];
  const count = new Budget("pngChunks", tooMuchPng);
  for (let position = 8; position + 12 <= png.length; ) {
    const length = view.getUint32(position);
    const end = position + 12 + length;
    if (end > png.length) break;
    const checked = png.subarray(position + 4, end - 4);
    if (crc32(checked) !== view.getUint32(end - 4)) throw invalidPng("one of its chunks was changed");
    const type = String.fromCharCode(...checked.subarray(0, 4));
    count.spend(1);
    chunks.push({ type, data: checked.subarray(4) });
    if (type === "IEND") return chunks;
    position = end;
  }
  throw invalidPng("it is truncated");
}

export function writeChunks(chunks: readonly PngChunk[]): Uint8Array {
  // A plain Uint8Array: slice() on a Buffer would share the bytes.
  return new Uint8Array(Buffer.concat([signature, ...chunks.map(encodeChunk)]));
}

function encodeChunk({ type, data }: PngChunk): Uint8Array {
  const chunk = new Uint8Array(data.length + 12);
  const view = dataViewOn(chunk);
  view.setUint32(0, data.length);
  chunk.set(latin1Bytes(type), 4);
  chunk.set(data, 8);
  view.setUint32(data.length + 8, crc32(chunk.subarray(4, data.length + 8)));
  return chunk;
}

/** The refusal of an image that exceeds a limit. */
const tooMuchPng: Refusal = {
  code: "PNG_INVALID",
  subject: "The PNG image",
  hint: "No program writes such images. Get it from a source you trust.",
};

function invalidPng(what: string, cause?: unknown): CoinageError {
  return new CoinageError("PNG_INVALID", `Not a usable PNG image: ${what}.`, {
    hint: "The image is damaged, or was saved again by a program that dropped its text.",
    cause,
  });
}
