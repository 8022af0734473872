import { expect, test } from "vitest";
import type { RunRow } from "../../../runs/index.ts";
import { orderOf, spread } from "./order.ts";

const row = (id: string, state: RunRow["state"], more: Partial<RunRow> = {}) =>
  ({ id, name: id, word: id, state, ...more }) as RunRow;
const rows = [
  row("a", "done"),
  row("b", "queued", { turn: 2 }),
  row("c", "running"),
  row("d", "queued", { turn: 1 }),
  row("e", undefined, { word: undefined }),
];
const ids = (some: readonly RunRow[]) => some.map(({ id }) => id).join("");

test("what is under way comes first, what waits by its turn and apart", () => {
  const { current, queue, others } = orderOf(rows);
  expect([current?.id, ids(queue), ids(others)]).toEqual(["c", "db", "cae"]);
  expect(orderOf(rows.slice(0, 2)).current).toBeUndefined();
});

test("a filter looks at names, words and states as they are shown, and leaves the queue as it is", () => {
  const shown = (wanted: string) => ids(orderOf(rows, wanted).others);
  expect([" LEARNING ", "done", "cannot be read", "d", ""].map(shown)).toEqual(["c", "a", "e", "ae", "cae"]);
  expect(ids(orderOf(rows, "nothing").queue)).toBe("db");
});

test("a strip has the first and the last, and those between evenly", () => {
  expect(spread([1, 2, 3], 6)).toEqual([1, 2, 3]);
  expect(spread([0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100], 6)).toEqual([0, 20, 40, 60, 80, 100]);
});
