import { expect, test } from "vitest";
import { moved } from "./grid-moves.ts";

// 0 1 2
// 3 4
const grid = { columns: 3, count: 5 };

test.each([
  ["ArrowRight", 0, 1],
  ["ArrowRight", 4, 4],
  ["ArrowLeft", 0, 0],
  ["ArrowDown", 0, 3],
  ["ArrowDown", 2, 4],
  ["ArrowDown", 3, 3],
  ["ArrowUp", 4, 1],
  ["ArrowUp", 1, 1],
  ["Home", 3, 0],
  ["End", 0, 4],
])("%s from %i leads to %i", (key, at, target) => {
  expect(moved(key, { ...grid, at })).toBe(target);
});

test("other keys lead nowhere", () => {
  expect(moved("e", { ...grid, at: 0 })).toBeUndefined();
  expect(moved("ArrowDown", { at: -1, columns: 1, count: 0 })).toBeUndefined();
});
