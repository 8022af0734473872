import { readFileSync } from "node:fs";
import { crc32, deflateRawSync, inflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { writeZip } from "../zip/index.ts";
import { formatNpy, openNpz, parseNpy, writeNpz } from "./index.ts";

const matrix = { dtype: "float32", shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6.5) } as const;

/** The deflated output of `numpy.savez(file, latents=..., original_size=np.array((20, 16)), crop_ltrb=np.array((0, 1, 16, 15.5)))`. */
const byNumpy =
  "eNoL8GZm0WWAAEWGKN0W5f9QwM0gwpCTWJKaV1Ksl1dQycggwHAAqhBGT/YL9Q2IZGQoY6hWT0ktTi5St1JQt0kzUddRUE/LLyopSsyLzy9KSQWJuyXmFKcC" +
  "xYszEgtSgXwNEx0FIyDS1FGoVSAPcEGdYcfA0ADEB4CYwZ6BQQGIHYA4AYgbgHgCEC8A4g1AfACILwDxAyD+YB+A4vlLmn+8YZ4XBHo+vygzPTMvMSe+OLMq" +
  "FRYEE6DKJ+ANgkwLooLASIcC30OCQATqDgEojeql6YvdNsK8xAv0UnJRfkF8TklREsw7C6BKF+CPUQsiY5Ri7zCggA/2ENrAAULrOwR4MzLpMqMm2APQFMmN" +
  "pLOBEUQiJV90jaDIngCNR0EUjX+BJEbUo2sHBewCaLjxomi/ALQZJZgDvFnZQFLMQLgZSK9nAvEAbw64mA==";

describe("npz", () => {
  test("what NumPy writes is read", () => {
    const arrays = openNpz(inflateSync(Buffer.from(byNumpy, "base64")));
    expect(parseNpy(arrays.get("latents")!)).toEqual({
      dtype: "float32",
      shape: [4, 2, 2],
      data: Float32Array.from({ length: 16 }, (_, i) => i / 8),
    });
    expect(parseNpy(arrays.get("original_size")!).data).toEqual(BigInt64Array.of(20n, 16n));
    expect(parseNpy(arrays.get("crop_ltrb")!).data).toEqual(Float64Array.of(0, 1, 16, 15.5));
  });

  test("arrays come back as they were written", () => {
    const size = { dtype: "int64", shape: [2], data: BigInt64Array.of(512n, 768n) } as const;
    const arrays = openNpz(
      writeNpz(
        new Map<string, typeof matrix | typeof size>([
          ["latents", matrix],
          ["original_size", size],
        ]),
      ),
    );
    expect([...arrays.keys()]).toEqual(["latents", "original_size"]);
    expect(parseNpy(arrays.get("latents")!)).toEqual(matrix);
    expect(parseNpy(arrays.get("original_size")!)).toEqual(size);
    expect(arrays.get("other")).toBeUndefined();
  });

  test("an array that is not used is copied byte for byte", () => {
    const foreign = formatNpy(matrix);
    expect(openNpz(writeNpz(new Map([["foreign", foreign]]))).get("foreign")).toEqual(foreign);
  });

  test("the header has NumPy's shape: aligned to 64 bytes, one-sided tuples with a comma", () => {
    const file = formatNpy({ dtype: "float32", shape: [1], data: Float32Array.of(7) });
    expect((file.length - 4) % 64).toBe(0);
    expect(new TextDecoder().decode(file.subarray(0, file.length - 4))).toContain("'shape': (1,), }");
  });

  test.each([
    ["cut off", (file: Uint8Array) => file.subarray(0, file.length - 30)],
    ["no zip file", () => new TextEncoder().encode("nothing of the kind")],
    ["empty", () => new Uint8Array()],
    ["of one flipped bit", (file: Uint8Array) => file.with(150, file[150]! ^ 1)],
  ])("a file that is %s is refused", (_, damage) => {
    expect(() => openNpz(damage(writeNpz(new Map([["a", matrix]]))))).toThrow(
      expect.objectContaining({ code: "NPZ_INVALID" }),
    );
  });

  test.each<[string, Header]>([
    ["a negative side", { shape: "(-1,)" }],
    ["a side that is no number", { shape: "(nan, 2)" }],
    ["a side of half a number", { shape: "(0.5,)" }],
    ["a side in another notation", { shape: "(0x2,)" }],
    ["sides beyond all numbers", { shape: `(${"9007199254740991, ".repeat(30)}0)` }],
    ["more sides than an array can have", { shape: `(${"1, ".repeat(65)})` }],
    ["more numbers than there are", { shape: "(4,)" }],
    ["no shape", { shape: "3" }],
    ["columns first", { shape: "(3,)", order: "True" }],
    ["a kind of number that is a member of every object", { shape: "(3,)", descr: "constructor" }],
    ["a header that is not there", { cut: 8 }],
    ["a long header that is not there", { cut: 11, version: 2 }],
    ["a header that is cut off", { cut: 60 }],
    ["a header longer than NumPy's", { shape: `(3,)${" ".repeat(20_000)}` }],
    ["a header that would take forever", { shape: `(3,)${"'shape':(".repeat(1000)}` }],
  ])("an array with %s is refused", (_, header) => {
    expect(() => parseNpy(npyOf(header))).toThrow(expect.objectContaining({ code: "NPZ_INVALID" }));
  });

  test.each<[string, Header, readonly number[]]>([
    ["Python 2", { shape: "(1L, 3L)" }, [1, 3]],
    ["NumPy's version 2", { shape: "(3,)", version: 2 }, [3]],
    ["no blanks", { shape: "(3,1)" }, [3, 1]],
  ])("a header as of %s is read", (_, header, shape) => {
    expect(parseNpy(npyOf(header))).toEqual({ dtype: "float32", shape, data: Float32Array.of(1, 2, 3) });
  });

  test.each(["fraction", "nan", "negative", "v2-short"])("the hostile file npz-%s.npz is refused", (name) => {
    const arrays = openNpz(readFileSync(new URL(`../../../test/hostile/npz-${name}.npz`, import.meta.url)));
    expect(() => parseNpy(arrays.get("latents")!)).toThrow(expect.objectContaining({ code: "NPZ_INVALID" }));
  });

  test("a small file cannot ask for much memory by what it packs", () => {
    const bomb = deflated(["a", "b", "c"], new Uint8Array(1 << 27));
    expect(bomb.length).toBeLessThan(1e6);
    const message = expect.stringContaining("deflated arrays");
    expect(() => openNpz(bomb)).toThrow(expect.objectContaining({ code: "NPZ_INVALID", message }));
  });
});

interface Header {
  readonly descr?: string;
  readonly order?: string;
  readonly shape?: string;
  readonly version?: 1 | 2;
  /** Bytes of the file to keep. */
  readonly cut?: number;
}

/** The float32 numbers 1, 2, 3 with a header that may be wrong. */
function npyOf({ descr = "<f4", order = "False", shape = "(3,)", version = 1, cut }: Header): Uint8Array {
  const text = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }\n`;
  const length = new DataView(new ArrayBuffer(version * 2));
  if (version === 1) length.setUint16(0, text.length, true);
  else length.setUint32(0, text.length, true);
  const parts = [Buffer.from([0x93]), Buffer.from(`NUMPY${String.fromCharCode(version)}\0`)];
  const numbers = new Uint8Array(Float32Array.of(1, 2, 3).buffer);
  return new Uint8Array(Buffer.concat([...parts, new Uint8Array(length.buffer), Buffer.from(text), numbers])).slice(
    0,
    cut,
  );
}

/** An archive whose members hold the same bytes, deflated. */
function deflated(names: readonly string[], bytes: Uint8Array): Uint8Array {
  const packed = deflateRawSync(bytes);
  const file = writeZip(names.map((name) => ({ name, bytes: packed })));
  const view = new DataView(file.buffer);
  let at = view.getUint32(file.length - 6, true);
  for (const name of names) {
    view.setUint16(at + 10, 8, true);
    view.setUint32(at + 16, crc32(bytes), true);
    view.setUint32(at + 24, bytes.length, true);
    at += 46 + name.length;
  }
  return file;
}
