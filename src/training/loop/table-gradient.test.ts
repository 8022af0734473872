import { expect, test } from "vitest";
import {
  addPositions,
  addTable,
  clipFactor,
  frozenRows,
  gradientNorm,
  learnedRows,
  type TableGradient,
} from "./table-gradient.ts";

const positions = Float32Array.of(1, 2, 10, 20, 100, 200);

test("positions of one id add up in its row", () => {
  const table: TableGradient = new Map();
  addPositions(table, [7, 49409, 7], positions);
  expect(table).toEqual(
    new Map([
      [7, Float64Array.of(101, 202)],
      [49409, Float64Array.of(10, 20)],
    ]),
  );
  addTable(
    table,
    new Map([
      [7, Float64Array.of(1, 1)],
      [8, Float64Array.of(3, 4)],
    ]),
  );
  expect([table.get(7), table.get(8)]).toEqual([Float64Array.of(102, 203), Float64Array.of(3, 4)]);
});

test("gradients are clipped by the norm of all rows, learned or not", () => {
  const table: TableGradient = new Map([
    [5, Float64Array.of(0, 4)],
    [49408, Float64Array.of(3, 0)],
  ]);
  const norm = gradientNorm([table]);
  expect(norm).toBe(5);
  const factor = clipFactor(norm, 1);
  expect(learnedRows(table, 2, 2, factor)).toEqual(Float32Array.of(3 / (5 + 1e-6), 0, 0, 0));
  expect([...frozenRows(table, factor).keys()]).toEqual([5]);
  expect([clipFactor(norm, 0), clipFactor(0.5, 1)]).toEqual([1, 1]);
});
