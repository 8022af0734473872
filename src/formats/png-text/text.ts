import { inflateSync } from "node:zlib";
import { invalidPng, latin1Bytes, type PngChunk, readChunks, writeChunks } from "./chunks.ts";

/** A text that a PNG picture carries. */
export interface PngText {
  readonly keyword: string;
  readonly text: string;
}

/** A compressed text may unpack to this much. */
const maxTextBytes = 16 * 1024 * 1024;

/** The texts of a PNG picture (tEXt, zTXt, iTXt) in file order. @throws PNG_INVALID, also for a text that unpacks to more than 16 MiB */
export function readPngTexts(png: Uint8Array): PngText[] {
  return readChunks(png).flatMap((chunk) => textOf(chunk) ?? []);
}

/** The picture with texts put before its pixels: tEXt where Latin-1 can hold the text, else uncompressed iTXt, as Pillow does.
 *  Texts of the same keyword that stood there are replaced. @throws PNG_INVALID, for a keyword that PNG does not allow too */
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

function textOf(chunk: PngChunk): PngText | undefined {
  const { type, data } = chunk;
  const keyword = keywordOf(chunk);
  if (keyword === undefined) return undefined;
  const end = data.indexOf(0);
  if (end < 0) throw invalidPng("a text in it has no keyword");
  const rest = data.subarray(end + 1);
  if (type === "tEXt") return { keyword, text: latin1(rest) };
  if (type === "zTXt") return { keyword, text: latin1(inflate(rest.subarray(1))) };
  return { keyword, text: internationalText(rest) };
}

/** Flag, method, language, translated keyword, then UTF-8. */
function internationalText(rest: Uint8Array): string {
  const language = rest.indexOf(0, 2);
  const translated = rest.indexOf(0, language + 1);
  if (language < 0 || translated < 0) throw invalidPng("a text in it is cut short");
  const bytes = rest.subarray(translated + 1);
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(rest[0] === 1 ? inflate(bytes) : bytes);
}

function inflate(bytes: Uint8Array): Uint8Array {
  try {
    return inflateSync(bytes, { maxOutputLength: maxTextBytes });
  } catch (cause) {
    throw invalidPng("a text in it cannot be unpacked, or is larger than any text of use", cause);
  }
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
