import * as fc from "fast-check";
import { expect, test } from "vitest";
import { windowOf } from "./grid-window.ts";

const geometry = { columns: 7, height: 150, gap: 10 };

test("of two thousand tiles those are there that are seen, and two rows before and after them", () => {
  expect(windowOf(2000, undefined, { top: 0, height: 544 })).toEqual([0, 30]);
  expect(windowOf(2000, geometry, { top: 0, height: 544 })).toEqual([0, 6 * 7]);
  expect(windowOf(2000, geometry, { top: 16_000, height: 544 })).toEqual([98 * 7, 106 * 7]);
  expect(windowOf(2000, geometry, { top: 45_216, height: 544 })).toEqual([280 * 7, 2000]);
  expect(windowOf(3, geometry, { top: 0, height: 170 })).toEqual([0, 3]);
});

test("every tile that is seen is there, wherever the grid is scrolled to", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2000 }),
      fc.integer({ min: 1, max: 12 }),
      fc.double({ min: 0, max: 320_000, noNaN: true }),
      (count, columns, top) => {
        const [from, to] = windowOf(count, { ...geometry, columns }, { top, height: 544 });
        expect(from).toBeLessThan(to);
        expect(to - from).toBeLessThanOrEqual(9 * columns);
        for (let i = 0; i < count; i++) {
          const y = Math.floor(i / columns) * 160;
          if (y < top + 544 && y + 150 > top) expect(i >= from && i < to).toBe(true);
        }
      },
    ),
  );
});
