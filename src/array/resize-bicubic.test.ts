import { expect, test } from "vitest";
import { arrayOf } from "./index.ts";
import { resizeBicubic } from "./resize-bicubic.ts";

test("torch's bicubic weights: an impulse enlarged twice", () => {
  const { data, shape } = resizeBicubic(arrayOf([1, 1, 1, 5], [0, 0, 1, 0, 0]), 1, 10);
  expect(shape).toEqual([1, 1, 1, 10]);
  const [outer, far, near, main] = [-0.03515625, -0.10546875, 0.26171875, 0.87890625];
  const expected = [0, outer, far, near, main, main, near, far, outer, 0];
  expected.forEach((value, i) => {
    expect(data[i]).toBeCloseTo(value, 6);
  });
});

test("planes stay apart, and what is constant stays so up to the edges", () => {
  const planes = arrayOf(
    [2, 2, 3, 4],
    Float32Array.from({ length: 48 }, (_, i) => Math.floor(i / 12)),
  );
  const { data, shape } = resizeBicubic(planes, 5, 9);
  expect(shape).toEqual([2, 2, 5, 9]);
  data.forEach((value, i) => {
    expect(value).toBeCloseTo(Math.floor(i / 45), 5);
  });
});
