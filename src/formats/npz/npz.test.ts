import { inflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { formatNpy, openNpz, readNpzArray, writeNpz } from "./index.ts";

const matrix = { dtype: "float32", shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6.5) } as const;

/** What `numpy.savez(file, latents=..., original_size=np.array((20, 16)), crop_ltrb=np.array((0, 1, 16, 15.5)))` writes, deflated. */
const byNumpy =
  "eNoL8GZm0WWAAEWGKN0W5f9QwM0gwpCTWJKaV1Ksl1dQycggwHAAqhBGT/YL9Q2IZGQoY6hWT0ktTi5St1JQt0kzUddRUE/LLyopSsyLzy9KSQWJuyXmFKcC" +
  "xYszEgtSgXwNEx0FIyDS1FGoVSAPcEGdYcfA0ADEB4CYwZ6BQQGIHYA4AYgbgHgCEC8A4g1AfACILwDxAyD+YB+A4vlLmn+8YZ4XBHo+vygzPTMvMSe+OLMq" +
  "FRYEE6DKJ+ANgkwLooLASIcC30OCQATqDgEojeql6YvdNsK8xAv0UnJRfkF8TklREsw7C6BKF+CPUQsiY5Ri7zCggA/2ENrAAULrOwR4MzLpMqMm2APQFMmN" +
  "pLOBEUQiJV90jaDIngCNR0EUjX+BJEbUo2sHBewCaLjxomi/ALQZJZgDvFnZQFLMQLgZSK9nAvEAbw64mA==";

describe("npz", () => {
  test("what NumPy writes is read", () => {
    const arrays = openNpz(inflateSync(Buffer.from(byNumpy, "base64")));
    expect(readNpzArray(arrays, "latents")).toEqual({
      dtype: "float32",
      shape: [4, 2, 2],
      data: Float32Array.from({ length: 16 }, (_, i) => i / 8),
    });
    expect(readNpzArray(arrays, "original_size")!.data).toEqual(BigInt64Array.of(20n, 16n));
    expect(readNpzArray(arrays, "crop_ltrb")!.data).toEqual(Float64Array.of(0, 1, 16, 15.5));
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
    expect(readNpzArray(arrays, "latents")).toEqual(matrix);
    expect(readNpzArray(arrays, "original_size")).toEqual(size);
    expect(readNpzArray(arrays, "other")).toBeUndefined();
  });

  test("an array that is not looked at is carried over byte for byte", () => {
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
  ])("a file that is %s is refused", (_, damage) => {
    expect(() => openNpz(damage(writeNpz(new Map([["a", matrix]]))))).toThrow(
      expect.objectContaining({ code: "NPZ_INVALID" }),
    );
  });
});
