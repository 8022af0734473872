import { dataViewOn } from "../../array/index.ts";
import { CoinageError } from "../../errors/index.ts";

/** A bitmap's header. */
export interface BmpHeader {
  readonly width: number;
  readonly height: number;
  readonly isTopDown: boolean;
  readonly bitsPerPixel: number;
  readonly compression: "none" | "rle8" | "rle4";
  /** Bit masks of red, green, blue and, if the file has one, alpha. Empty with a palette. */
  readonly masks: readonly number[];
  readonly paletteOffset: number;
  readonly paletteLength: number;
  readonly paletteEntryBytes: 3 | 4;
  readonly dataOffset: number;
}

const fileHeaderBytes = 14;
const masksAfterHeader = 3;
const masksWithAlphaAfterHeader = 6;

/** Whether a file starts like a Windows bitmap. */
export function isBmp(start: Uint8Array): boolean {
  return start[0] === 0x42 && start[1] === 0x4d;
}

/** Reads a bitmap's header. The first kilobytes of the file suffice.
 *  @throws BMP_INVALID if it is not a bitmap, damaged or of an obsolete kind */
export function parseBmpHeader(file: Uint8Array): BmpHeader {
  if (!isBmp(file) || file.length < 26) throw invalid("It is not a Windows bitmap.");
  const view = dataViewOn(file);
  const headerBytes = view.getUint32(14, true);
  const isCore = headerBytes === 12;
  if (!isCore && (headerBytes < 40 || file.length < fileHeaderBytes + 40)) throw invalid("Its header is damaged.");
  const width = isCore ? view.getUint16(18, true) : view.getInt32(18, true);
  const signedHeight = isCore ? view.getUint16(20, true) : view.getInt32(22, true);
  const bitsPerPixel = view.getUint16(isCore ? 24 : 28, true);
  const compression = isCore ? 0 : view.getUint32(30, true);
  const usedColours = isCore ? 0 : view.getUint32(46, true);
  if (width <= 0 || signedHeight === 0) throw invalid("It has no size.");
  if (![1, 4, 8, 16, 24, 32].includes(bitsPerPixel)) throw invalid(`It has ${bitsPerPixel} bits per pixel.`);
  if (![0, 1, 2, masksAfterHeader, masksWithAlphaAfterHeader].includes(compression))
    throw invalid(`Its compression (${compression}) is not supported.`);
  const hasMasks = compression === masksAfterHeader || compression === masksWithAlphaAfterHeader;
  const masksOutside = hasMasks && headerBytes === 40 ? (compression === masksWithAlphaAfterHeader ? 16 : 12) : 0;
  return {
    width,
    height: Math.abs(signedHeight),
    isTopDown: signedHeight < 0,
    bitsPerPixel,
    compression: compression === 1 ? "rle8" : compression === 2 ? "rle4" : "none",
    masks: bitsPerPixel <= 8 ? [] : masksOf(view, headerBytes, bitsPerPixel, compression),
    paletteOffset: fileHeaderBytes + headerBytes + masksOutside,
    paletteLength: usedColours || 2 ** Math.min(bitsPerPixel, 8),
    paletteEntryBytes: isCore ? 3 : 4,
    dataOffset: view.getUint32(10, true),
  };
}

function masksOf(view: DataView, headerBytes: number, bitsPerPixel: number, compression: number): number[] {
  const hasMasks = compression === masksAfterHeader || compression === masksWithAlphaAfterHeader;
  // Without masks the fourth byte of a 32-bit pixel is padding.
  if (!hasMasks) return bitsPerPixel === 16 ? [0x7c00, 0x3e0, 0x1f] : [0xff0000, 0xff00, 0xff];
  const start = fileHeaderBytes + 40;
  const masks = [0, 4, 8].map((offset) => view.getUint32(start + offset, true));
  const hasAlphaField = headerBytes >= 56 || compression === masksWithAlphaAfterHeader;
  const alpha = hasAlphaField ? view.getUint32(start + 12, true) : 0;
  return alpha === 0 ? masks : [...masks, alpha];
}

function invalid(reason: string): CoinageError {
  return new CoinageError("BMP_INVALID", `The bitmap cannot be read. ${reason}`);
}
