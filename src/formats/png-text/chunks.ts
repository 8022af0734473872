import { crc32 } from "node:zlib";
import { dataViewOn } from "../../array/index.ts";
import { Budget, type Refusal } from "../../budget/index.ts";
import { CoinageError } from "../../errors/index.ts";

export interface PngChunk {
  /** Four letters: IHDR, tEXt, IDAT ... */
  readonly type: string;
  readonly data: Uint8Array;
}

const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

export function isPng(bytes: Uint8Array): boolean {
  return signature.every((byte, i) => bytes[i] === byte);
}

/** The chunks of a PNG picture up to IEND. @throws PNG_INVALID */
export function readChunks(png: Uint8Array): PngChunk[] {
  if (!isPng(png)) throw invalidPng("it does not begin like one");
  const view = dataViewOn(png);
  const chunks: PngChunk[] = [];
  const count = new Budget("pngChunks", tooMuchPng);
  for (let position = 8; position + 12 <= png.length; ) {
    const length = view.getUint32(position);
    const end = position + 12 + length;
    if (end > png.length) break;
    const checked = png.subarray(position + 4, end - 4);
    if (crc32(checked) !== view.getUint32(end - 4)) throw invalidPng("a part of it was changed");
    const type = String.fromCharCode(...checked.subarray(0, 4));
    count.spend(1);
    chunks.push({ type, data: checked.subarray(4) });
    if (type === "IEND") return chunks;
    position = end;
  }
  throw invalidPng("it is cut short");
}

export function writeChunks(chunks: readonly PngChunk[]): Uint8Array {
  // A plain Uint8Array: of a Buffer, slice() would share the bytes.
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

/** Latin-1 text as bytes; its characters must be below 256. */
export function latin1Bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** The refusal of a picture that asks for too much. */
export const tooMuchPng: Refusal = {
  code: "PNG_INVALID",
  subject: "The PNG picture",
  hint: "No program writes such pictures. Get it from a source you trust.",
};

export function invalidPng(what: string, cause?: unknown): CoinageError {
  return new CoinageError("PNG_INVALID", `Not a usable PNG picture: ${what}.`, {
    hint: "The picture is damaged, or was saved again by a program that dropped its text.",
    cause,
  });
}
