import sharp from "sharp";
import { dataViewOn } from "../array/index.ts";
import { requireWithin } from "../budget/index.ts";
import type { Picture } from "./picture.ts";

/** The bytes of a PNG file, lossless and without metadata. */
export async function encodePng(picture: Picture): Promise<Uint8Array> {
  const { width, height, channels, data } = picture;
  const image = sharp(data, { raw: { width, height, channels } });
  if (channels === 1) image.toColourspace("b-w");
  return image.png().toBuffer();
}

const signatureBytes = 8;
/** Bytes of length and type before a chunk's data; with the checksum after it. */
const [chunkHead, chunkFrame] = [8, 12];

/** Chunks that are not needed but that the decoder would unpack: texts and colour profiles, of which a few megabytes can unpack to gigabytes. */
const unused: ReadonlySet<string> = new Set(["zTXt", "iTXt", "tEXt", "iCCP"]);

/** A PNG file without the chunks that its pixels do not need. */
export function withoutUnusedChunks(png: Uint8Array): Uint8Array {
  const kept: Uint8Array[] = [];
  let keptFrom = 0;
  for (const { type, start, end } of chunksIn(png)) {
    if (!unused.has(type)) continue;
    kept.push(png.subarray(keptFrom, start));
    keptFrom = end;
  }
  return keptFrom === 0 ? png : new Uint8Array(Buffer.concat([...kept, png.subarray(keptFrom)]));
}

/** The part of a file handle that is used. Defined here so that the published types do not depend on Node's. */
interface FileReader {
  read(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly buffer: Uint8Array; readonly bytesRead: number }>;
}

/** The chunks of a PNG file up to its pixels, without those that the pixels do not need.
 *  @throws PICTURE_UNREADABLE for more chunks than any picture has */
export async function readPngStart(handle: FileReader, bytes: number, name: string): Promise<Uint8Array> {
  const parts = [await readAt(handle, 0, signatureBytes)];
  let count = 0;
  for (let at = signatureBytes; at + chunkHead <= bytes; ) {
    requireWithin("pngHeadChunks", ++count, {
      code: "PICTURE_UNREADABLE",
      subject: `The picture ${name}`,
      where: name,
    });
    const head = await readAt(handle, at, chunkHead);
    const { type, length } = chunkAt(head, 0);
    if (type === "IDAT") return new Uint8Array(Buffer.concat([...parts, head]));
    if (!unused.has(type) && length <= longestChunk) parts.push(await readAt(handle, at, length + chunkFrame));
    at += length + chunkFrame;
  }
  return new Uint8Array(Buffer.concat(parts));
}

/** Largest chunk before the pixels that affects them: a palette has 768 bytes, EXIF up to 64 KiB. */
const longestChunk = 2 ** 20;

/** The number of frames that a PNG declares before its pixels, which the decoder does not report; 1 if it is not animated. */
export function framesOfPng(start: Uint8Array): number {
  const control = [...chunksIn(start)].find(({ type }) => type === "acTL");
  if (!control || control.end > start.length) return 1;
  return dataViewOn(start).getUint32(control.start + chunkHead);
}

function* chunksIn(png: Uint8Array): Generator<{ type: string; start: number; end: number }> {
  for (let start = signatureBytes; start + chunkHead <= png.length; ) {
    const { type, length } = chunkAt(png, start);
    const end = start + length + chunkFrame;
    yield { type, start, end };
    start = end;
  }
}

function chunkAt(bytes: Uint8Array, at: number): { type: string; length: number } {
  const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
  return { type, length: dataViewOn(bytes).getUint32(at) };
}

async function readAt(handle: FileReader, position: number, length: number): Promise<Uint8Array> {
  const { buffer, bytesRead } = await handle.read(new Uint8Array(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}
