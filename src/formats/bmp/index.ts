import { CoinageError } from "../../errors/index.ts";
import { type BmpHeader, parseBmpHeader } from "./header.ts";

export { isBmp, parseBmpHeader } from "./header.ts";

/** A decoded bitmap: RGB, or RGBA if the file has an alpha mask; 8 bits, rows from the top. */
interface Bitmap {
  readonly width: number;
  readonly height: number;
  readonly channels: 3 | 4;
  readonly data: Uint8Array;
}

/** Decodes a Windows bitmap: 1, 4, 8 (plain or run-length coded), 16, 24 and 32 bits.
 *  @throws BMP_INVALID */
export function decodeBmp(file: Uint8Array): Bitmap {
  const header = parseBmpHeader(file);
  const coded = header.compression === "rle4" || header.compression === "rle8";
  const rows = coded ? expandRuns(file.subarray(header.dataOffset), header) : file.subarray(header.dataOffset);
  // Decoded runs have one index per byte, without padding.
  const bits = coded ? 8 : header.bitsPerPixel;
  const stride = coded ? header.width : Math.ceil((header.width * bits) / 32) * 4;
  if (rows.length < stride * header.height)
    throw new CoinageError("BMP_INVALID", "The bitmap ends before its last row.");
  return bits <= 8 ? fromPalette(file, header, rows, bits, stride) : fromMasks(header, rows, stride);
}

function fromPalette(file: Uint8Array, header: BmpHeader, rows: Uint8Array, bits: number, stride: number): Bitmap {
  const { width, height } = header;
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const row = rowStart(header, y, stride);
    for (let x = 0; x < width; x++) {
      const byte = rows[row + ((x * bits) >> 3)]!;
      const index = (byte >> (8 - bits - ((x * bits) & 7))) & ((1 << bits) - 1);
      const entry = header.paletteOffset + Math.min(index, header.paletteLength - 1) * header.paletteEntryBytes;
      for (let c = 0; c < 3; c++) data[(y * width + x) * 3 + c] = file[entry + 2 - c]!;
    }
  }
  return { width, height, channels: 3, data };
}

function fromMasks(header: BmpHeader, rows: Uint8Array, stride: number): Bitmap {
  const { width, height, bitsPerPixel, masks } = header;
  const channels = masks.length === 4 ? 4 : 3;
  const bytes = bitsPerPixel / 8;
  const fields = masks.map(fieldOf);
  const data = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    let at = rowStart(header, y, stride);
    for (let x = 0; x < width; x++, at += bytes) {
      let pixel = 0;
      for (let k = bytes - 1; k >= 0; k--) pixel = pixel * 256 + rows[at + k]!;
      for (let c = 0; c < channels; c++) data[(y * width + x) * channels + c] = readField(pixel, fields[c]!);
    }
  }
  return { width, height, channels, data };
}

interface Field {
  readonly mask: number;
  readonly shift: number;
  readonly maximum: number;
}

function fieldOf(mask: number): Field {
  const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask);
  return { mask, shift, maximum: mask >>> shift };
}

function readField(pixel: number, { mask, shift, maximum }: Field): number {
  if (maximum === 0) return 0;
  const value = ((pixel & mask) >>> 0) >>> shift;
  return maximum === 255 ? value : Math.floor((value * 255) / maximum);
}

function rowStart(header: BmpHeader, y: number, stride: number): number {
  return (header.isTopDown ? y : header.height - 1 - y) * stride;
}

/** Expands run-length coded rows to one palette index per byte. Pixels that the code leaves out are index 0.
 *  @throws BMP_INVALID if the code ends before the last row, detected before anything as large as the image is allocated */
function expandRuns(code: Uint8Array, { width, height, compression }: BmpHeader): Uint8Array {
  const isNibbles = compression === "rle4";
  const rows = followRuns(code, isNibbles, () => {});
  if (rows < height) throw new CoinageError("BMP_INVALID", "The bitmap ends before its last row.");
  const indices = new Uint8Array(width * height);
  followRuns(code, isNibbles, (x, y, value) => {
    if (x < width && y < height) indices[y * width + x] = value;
  });
  return indices;
}

/** Interprets the code pixel by pixel and returns the number of rows that it begins. */
function followRuns(code: Uint8Array, isNibbles: boolean, put: (x: number, y: number, value: number) => void): number {
  const valueAt = (byte: number, k: number) => (isNibbles ? (k % 2 === 0 ? byte >> 4 : byte & 15) : byte);
  let [x, y, at] = [0, 0, 0];
  while (at + 1 < code.length) {
    const [count, value] = [code[at]!, code[at + 1]!];
    at += 2;
    if (count > 0) {
      for (let k = 0; k < count; k++) put(x++, y, valueAt(value, k));
    } else if (value === 0) {
      [x, y] = [0, y + 1];
    } else if (value === 1) {
      break;
    } else if (value === 2) {
      [x, y] = [x + (code[at] ?? 0), y + (code[at + 1] ?? 0)];
      at += 2;
    } else {
      const bytes = isNibbles ? Math.ceil(value / 2) : value;
      for (let k = 0; k < value; k++) put(x++, y, valueAt(code[at + (isNibbles ? k >> 1 : k)] ?? 0, k));
      at += bytes + (bytes % 2);
    }
  }
  return y + 1;
}
