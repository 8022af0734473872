import { deflateSync } from "node:zlib";
import { expect, test } from "vitest";
import { latin1Bytes, type PngChunk, readChunks, readPngTexts, withPngTexts, writeChunks } from "./index.ts";

const picture = writeChunks([
  { type: "IHDR", data: Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0) },
  { type: "IDAT", data: deflateSync(Uint8Array.of(0, 128)) },
  { type: "IEND", data: new Uint8Array() },
]);

function withChunk(chunk: PngChunk): Uint8Array {
  const [header, ...rest] = readChunks(picture);
  return writeChunks([header!, chunk, ...rest]);
}

test("texts are read as written, before the pixels and in order: tEXt for Latin-1, iTXt for the rest", () => {
  const texts = [
    { keyword: "prompt", text: "a caf\u00e9 (at night:1.2)" },
    { keyword: "raw-prompt", text: "雪 --n 1" },
    { keyword: "steps", text: "" },
  ];
  const written = withPngTexts(picture, texts);
  expect(readPngTexts(written)).toEqual(texts);
  expect(readChunks(written).map(({ type }) => type)).toEqual(["IHDR", "tEXt", "iTXt", "tEXt", "IDAT", "IEND"]);
});

test("a text replaces the one with the same keyword and leaves the others", () => {
  const first = withPngTexts(picture, [
    { keyword: "seed", text: "1" },
    { keyword: "scale", text: "7.5" },
  ]);
  const second = withPngTexts(first, [{ keyword: "seed", text: "2" }]);
  expect(readPngTexts(second)).toEqual([
    { keyword: "scale", text: "7.5" },
    { keyword: "seed", text: "2" },
  ]);
});

test("compressed texts are read", () => {
  const zipped = Uint8Array.of(...latin1Bytes("a\0\0"), ...deflateSync(latin1Bytes("caf\u00e9")));
  expect(readPngTexts(withChunk({ type: "zTXt", data: zipped }))).toEqual([{ keyword: "a", text: "caf\u00e9" }]);
  const international = Uint8Array.of(
    ...latin1Bytes("b\0\x01\0en\0c\0"),
    ...deflateSync(new TextEncoder().encode("雪")),
  );
  expect(readPngTexts(withChunk({ type: "iTXt", data: international }))).toEqual([{ keyword: "b", text: "雪" }]);
});

test("a text that unpacks to tens of megabytes is refused", () => {
  const bomb = Uint8Array.of(...latin1Bytes("a\0\0"), ...deflateSync(new Uint8Array(32 * 1024 * 1024)));
  expect(() => readPngTexts(withChunk({ type: "zTXt", data: bomb }))).toThrow(
    expect.objectContaining({ code: "PNG_INVALID" }),
  );
});

test("many compressed texts are unpacked up to a limit for all of them", () => {
  const megabytes = Uint8Array.of(...latin1Bytes("a\0\0"), ...deflateSync(new Uint8Array(2 ** 20)));
  const pictureOf = (count: number) =>
    writeChunks([
      ...readChunks(picture).slice(0, -1),
      ...new Array<PngChunk>(count).fill({ type: "zTXt", data: megabytes }),
      { type: "IEND", data: new Uint8Array() },
    ]);
  expect(readPngTexts(pictureOf(15))).toHaveLength(15);
  expect(() => readPngTexts(pictureOf(17))).toThrow(expect.objectContaining({ code: "PNG_INVALID" }));
});

test("an image with too many chunks is refused", () => {
  const parts = new Array<PngChunk>(200_001).fill({ type: "teSt", data: new Uint8Array() });
  expect(() => readPngTexts(writeChunks(parts))).toThrow(expect.objectContaining({ code: "PNG_INVALID" }));
});

test("a damaged picture is refused with a code, wherever it is cut or changed", () => {
  const whole = withPngTexts(picture, [{ keyword: "seed", text: "1" }]);
  for (let length = 0; length < whole.length; length++)
    expect(() => readPngTexts(whole.subarray(0, length))).toThrow(expect.objectContaining({ code: "PNG_INVALID" }));
  for (let at = 0; at < whole.length; at++) {
    const changed = Uint8Array.from(whole);
    changed[at]! ^= 0x20;
    expect(() => readPngTexts(changed)).toThrow(expect.objectContaining({ code: "PNG_INVALID" }));
  }
});

test("a keyword that PNG does not allow is refused", () => {
  for (const keyword of ["", "a\0b", "x".repeat(80), "雪"])
    expect(() => withPngTexts(picture, [{ keyword, text: "" }])).toThrow(
      expect.objectContaining({ code: "PNG_INVALID" }),
    );
});
