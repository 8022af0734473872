import { describe, expect, test } from "vitest";
import { largestDifference } from "../../test/goldens.ts";
import { CudaGenerator, philox } from "./philox.ts";

describe("Philox4x32-10", () => {
  const ones = 0xffffffff;

  // The authors' known-answer vectors.
  test.each([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [ones, ones, ones, ones],
      [ones, ones],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ] as const)("counter %j", (counter, key, words) => {
    expect(philox(counter, key)).toEqual(words);
  });
});

describe("CudaGenerator", () => {
  test("draws the numbers known from GPUs", () => {
    const { data } = new CudaGenerator(0).randn([4, 64, 64]);
    const known = [
      -0.92466259, -0.42534415, -2.6438457, 0.14518388, -0.12086647, -0.57972564, -0.62285122, -0.32838709,
    ];
    expect(largestDifference(data.slice(0, known.length), known)).toBeLessThan(2e-6);
  });

  test("goes on with fresh numbers", () => {
    const generator = new CudaGenerator(42);
    generator.randn([16384]);
    const known = [0.13913755, -0.10821585, -0.717422, 0.7566486];
    expect(largestDifference(generator.randn([16384]).data.slice(0, 4), known)).toBeLessThan(2e-6);
  });

  test("a GPU with few resident threads takes several words of each thread", () => {
    const few = new CudaGenerator(1, 1).randn([256 * 5]).data;
    expect(few[3]).toBe(new CudaGenerator(1).randn([256 * 5]).data[3]);
    expect(new Set(few).size).toBe(few.length);
  });
});
