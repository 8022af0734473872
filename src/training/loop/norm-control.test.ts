import { describe, expect, test } from "vitest";
import { arrayOf, rowNorms } from "../../array/index.ts";
import { controlNorms, withNorms } from "./norm-control.ts";

describe("holding the length of embeddings", () => {
  test("fixed: brings each to its own length and leaves its direction", () => {
    const rows = arrayOf([2, 2], [3, 4, 0, 2]);
    controlNorms({ kind: "fixed", targets: [[1, 0.5]] }, [rows], [1]);
    expect([...rows.data]).toEqual([Math.fround(0.6), Math.fround(0.8), 0, 0.5]);
  });

  test("decay: goes 100 times the learning rate of the way, and never beyond", () => {
    const lengthAfter = (rate: number) => {
      const rows = arrayOf([1, 2], [1, 0]);
      controlNorms({ kind: "decay", targets: [[0.4]] }, [rows], [rate]);
      return rowNorms(rows)[0]!;
    };
    expect(lengthAfter(5e-4)).toBeCloseTo(0.97, 6);
    expect(lengthAfter(1)).toBeCloseTo(0.4, 6);
  });

  test("std: scales all by the ratio of the spreads to the power of 0.1", () => {
    const rows = arrayOf([1, 4], [4, -4, 4, -4]);
    controlNorms({ kind: "std", deviations: [1] }, [rows], [1]);
    expect(rows.data[0]! / 4).toBeCloseTo(0.8706, 4);
  });

  test("leaves an embedding of zeros as it is", () => {
    expect([...withNorms(arrayOf([1, 2], [0, 0]), [1]).data]).toEqual([0, 0]);
  });
});
