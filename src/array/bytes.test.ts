import { expect, test } from "vitest";
import { buffersToTransfer, bytesOf, dataViewOn, dtypeBytes, typedArrayOn } from "./index.ts";

const pool = Uint8Array.from({ length: 64 }, (_, i) => i);

test("numbers come from the window alone, wherever it lies in its buffer", () => {
  for (const dtype of Object.keys(dtypeBytes) as (keyof typeof dtypeBytes)[])
    for (let start = 0; start < 9; start++) {
      const window = Buffer.from(pool.buffer, start, 16);
      const numbers = typedArrayOn(dtype, window);
      expect(numbers.length, dtype).toBe(16 / dtypeBytes[dtype]);
      expect([...bytesOf(numbers)], dtype).toEqual([...window]);
    }
});

test("bytes that end within a number are no array", () => {
  expect(() => typedArrayOn("float32", pool.subarray(0, 7))).toThrow(RangeError);
});

test("bytes and data view of a window are the window; slice() of its bytes is a copy", () => {
  const window = Buffer.from(pool.buffer, 5, 7);
  expect(bytesOf(window)).toEqual(pool.subarray(5, 12));
  expect([dataViewOn(window).byteLength, dataViewOn(window).getUint8(0)]).toEqual([7, 5]);
  const copy = bytesOf(window).slice();
  copy[0] = 99;
  expect(window[0]).toBe(5);
});

test("only buffers that belong to one thread are given away", () => {
  const own = new Float32Array(2);
  expect(buffersToTransfer([own, new Uint8Array(new SharedArrayBuffer(8))])).toEqual([own.buffer]);
});
