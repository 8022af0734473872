import { describe, expect, test } from "vitest";
import { formatNpy, openNpz, readNpzArray, writeNpz } from "./index.ts";

const matrix = { dtype: "float32", shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6.5) } as const;

describe("npz", () => {
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
    expect(new TextDecoder("latin1").decode(file.subarray(0, file.length - 4))).toContain("'shape': (1,), }");
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
