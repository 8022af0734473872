import { describe, expect, test } from "vitest";
import { decodeBmp, parseBmpHeader } from "./index.ts";

interface Parts {
  readonly width: number;
  readonly height: number;
  readonly bits: number;
  readonly compression?: number;
  /** Palette entries or masks, between header and pixels. */
  readonly between?: readonly number[];
  readonly rows: readonly number[];
}

/** A bitmap with the usual 40-byte header. */
function bitmap({ width, height, bits, compression = 0, between = [], rows }: Parts): Uint8Array {
  const file = new Uint8Array(54 + between.length + rows.length);
  const view = new DataView(file.buffer);
  file.set([0x42, 0x4d]);
  view.setUint32(10, 54 + between.length, true);
  view.setUint32(14, 40, true);
  view.setInt32(18, width, true);
  view.setInt32(22, height, true);
  view.setUint16(28, bits, true);
  view.setUint32(30, compression, true);
  view.setUint32(46, compression === 3 ? 0 : between.length / 4, true);
  file.set(between, 54);
  file.set(rows, 54 + between.length);
  return file;
}

const [red, green, blue] = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
];
const palette = [0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 0];
const word = (value: number) => [value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >>> 24) & 255];

describe("bmp", () => {
  test.each<[string, Parts, readonly number[]]>([
    [
      "24 bits, rows from the bottom, padded",
      { width: 1, height: 2, bits: 24, rows: [0, 0, 255, 0, 255, 0, 0, 0] },
      [...blue!, ...red!],
    ],
    [
      "32 bits, rows from the top",
      { width: 1, height: -2, bits: 32, rows: [0, 0, 255, 9, 255, 0, 0, 9] },
      [...red!, ...blue!],
    ],
    [
      "8 bits with a palette",
      { width: 3, height: 1, bits: 8, between: palette, rows: [2, 1, 0, 0] },
      [...blue!, ...green!, ...red!],
    ],
    [
      "4 bits with a palette",
      { width: 3, height: 1, bits: 4, between: palette, rows: [0x01, 0x20, 0, 0] },
      [...red!, ...green!, ...blue!],
    ],
    [
      "1 bit with a palette",
      { width: 3, height: 1, bits: 1, between: palette.slice(0, 8), rows: [0b01000000, 0, 0, 0] },
      [...red!, ...green!, ...red!],
    ],
    ["16 bits, 5 each", { width: 2, height: 1, bits: 16, rows: [0x00, 0x7c, 0x1f, 0x00] }, [...red!, ...blue!]],
    [
      "16 bits with masks 5-6-5",
      {
        width: 2,
        height: 1,
        bits: 16,
        compression: 3,
        between: [0xf800, 0x7e0, 0x1f].flatMap(word),
        rows: [0xe0, 0x07, 0x00, 0xf8],
      },
      [...green!, ...red!],
    ],
    [
      "8 bits, run-length coded",
      {
        width: 3,
        height: 2,
        bits: 8,
        compression: 1,
        between: palette,
        rows: [2, 1, 1, 0, 0, 0, 0, 3, 2, 1, 0, 0, 0, 1],
      },
      [...blue!, ...green!, ...red!, ...green!, ...green!, ...red!],
    ],
    [
      "4 bits, run-length coded",
      { width: 3, height: 1, bits: 4, compression: 2, between: palette, rows: [3, 0x12, 0, 1] },
      [...green!, ...blue!, ...green!],
    ],
  ])("%s", (_, parts, pixels) => {
    const { data, channels } = decodeBmp(bitmap(parts));
    expect([...data]).toEqual(pixels);
    expect(channels).toBe(3);
  });

  test("a picture that ends early is refused", () => {
    const file = bitmap({ width: 4, height: 4, bits: 24, rows: [0, 0, 0, 0] });
    expect(parseBmpHeader(file)).toMatchObject({ width: 4, height: 4 });
    expect(() => decodeBmp(file)).toThrow(expect.objectContaining({ code: "BMP_INVALID" }));
  });

  test("another file is refused", () => {
    expect(() => decodeBmp(new TextEncoder().encode("BM but nothing behind it"))).toThrow(
      expect.objectContaining({ code: "BMP_INVALID" }),
    );
  });
});
