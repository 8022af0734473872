import { expect, test } from "vitest";
import type { Axis } from "./file.ts";
import type { PlannedRun } from "./plan.ts";
import type { RunResult } from "./result.ts";
import { effectsOf, sortedRows } from "./table.ts";

const point = (label: string) => ({ label, values: new Map() });
const axes: Axis[] = [
  { name: "rate", points: ["low", "high"].map(point) },
  { name: "seed", points: ["1", "2", "3"].map(point) },
];

const runs: PlannedRun[] = ["low", "high"].flatMap((rate) =>
  ["1", "2", "3"].map((seed) => ({
    name: `${rate}-${seed}`,
    labels: [rate, seed],
    values: new Map(),
    config: "",
    batch: seed,
  })),
);

function resultOf(loss: number): RunResult {
  const verdict = { kind: "learned", sentence: "" };
  const figures = { word: "w", steps: 1, startLoss: 1, loss, drop: 1 - loss, dropError: 0.1, length: 1, verdict };
  return { schema: 1, config: "", outcome: "done", figures, pictures: [] };
}

test("what an axis does is compared within the combinations of the others, so that their differences drop out", () => {
  // seeds differ by far more than rates
  const losses = [0.2, 0.4, 0.8, 0.18, 0.36, 0.72];
  const [rate, seed] = effectsOf(axes, runs, losses.map(resultOf));
  const [low, high] = rate!.points;
  expect(low!.loss!.value).toBeCloseTo(0.1 / 1.9, 6);
  expect(high!.loss!.value).toBeCloseTo(-0.1 / 1.9, 6);
  expect(low!.loss).toMatchObject({ count: 3 });
  expect(low!.loss!.error).toBeCloseTo(0, 6);
  expect(high!.gain!.value).toBeCloseTo((0.01 + 0.02 + 0.04) / 3, 6);
  // losses on different batches cannot be compared
  expect(seed!.points.map(({ loss }) => loss)).toEqual([undefined, undefined, undefined]);
});

test("a combination that lacks a run is left out, and an axis of one point has no effect", () => {
  const results = [0.2, 0.4, 0.8, 0.1, 0.2].map(resultOf);
  const [rate] = effectsOf(axes, runs, results);
  expect(rate!.points[0]!.loss!.count).toBe(2);
  expect(effectsOf([{ name: "rate", points: [point("low")] }], runs.slice(0, 1), results)).toEqual([]);
});

test("runs are sorted by their losses against those on the same batch; failed ones come last", () => {
  const results = [0.2, 0.4, 0.8, 0.18, 0.44].map(resultOf);
  const rows = sortedRows(runs, [...results, { ...resultOf(0), outcome: "failed", figures: undefined }]);
  expect(rows.map(({ run }) => run.name)).toEqual(["high-1", "low-2", "low-3", "high-2", "low-1", "high-3"]);
  expect(rows.at(2)!.relative).toBeUndefined();
});
