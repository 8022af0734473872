import { expect, test } from "vitest";
import type { Try } from "../../using/tries/rows.ts";
import { expectedSeconds, isDrawable, newestFirst, sampleViewsOf, usualDrawing, viewsOf, withTries } from "./tries.ts";

const drawing = { width: 512, height: 512, steps: 20, guidance: 7.5 };
const tried = (more: Partial<Try> = {}): Try => ({
  ...{ id: "1", state: "done", checkpoint: "w-10.safetensors", prompt: "a w", seed: 42, file: "1.png", seconds: 4 },
  ...{ ...drawing, run: "r", negativePrompt: "" },
  ...more,
});
const run = {
  checkpoints: [
    { name: "w-10.safetensors", step: 10, kind: "step", bytes: 1 },
    { name: "w.safetensors", step: 10, kind: "average", bytes: 1 },
  ],
  samples: [
    { name: "0.png", step: 0, prompt: "a w", seed: 42, width: 512, height: 512 },
    { name: "s.png", step: 10, prompt: "a w", seed: 42, width: 512, height: 512 },
  ],
} as const;
const cell = { checkpoint: "w-10.safetensors", prompt: "a w", seed: 42 };
const viewOf = (tries: readonly Try[], one = cell, as = drawing) => viewsOf(tries, as)(one);

test("a cell shows its try", () => {
  expect(viewOf([tried()])).toEqual({ state: "done", kind: "tries", name: "1.png" });
  expect(viewOf([])).toEqual({ state: "missing" });
});

test("what the run has drawn is found by step, prompt and seed, and is no picture of an average", () => {
  const sampleOf = sampleViewsOf(run);
  expect(sampleOf(cell)).toEqual({ state: "done", kind: "samples", name: "s.png" });
  expect(sampleOf({ ...cell, checkpoint: "start" })).toEqual({ state: "done", kind: "samples", name: "0.png" });
  for (const other of [{ seed: 43 }, { prompt: "a w " }, { checkpoint: "w.safetensors" }])
    expect(sampleOf({ ...cell, ...other })).toEqual({ state: "none" });
});

test("tries that were drawn otherwise are other pictures", () => {
  const other = { ...cell, seed: 1 };
  expect(viewOf([tried({ seed: 1, steps: 30 })], other)).toEqual({ state: "missing" });
  expect(viewOf([tried({ seed: 1, state: "drawing" })], other)).toEqual({ state: "drawing" });
  const problem = { code: "OUT_OF_MEMORY", message: "no" };
  expect(viewOf([tried({ seed: 1, state: "failed", problem })], other)).toEqual({ state: "failed", problem });
});

test("a newer state of a try takes the place of the one before", () => {
  const [first, second] = [tried({ state: "waiting" }), tried({ id: "2" })];
  expect(withTries([first, second], [tried()])).toEqual([tried(), second]);
  // the same vectors under another name
  const other = tried({ checkpoint: "w.safetensors" });
  expect(withTries([tried()], [other])).toEqual([tried(), other]);
  expect(withTries([first, second], [tried({ state: "cancelled" })])).toEqual([second]);
});

test("the history has each picture once, the newest first, after what is under way", () => {
  const tries = [
    tried({ id: "1", atMs: 10 }),
    tried({ id: "1", checkpoint: "w.safetensors", atMs: 10 }),
    tried({ id: "2", atMs: 30 }),
    tried({ id: "3", state: "waiting" }),
  ];
  expect(newestFirst(tries).map(({ id }) => id)).toEqual(["3", "2", "1"]);
});

test("the time of pictures follows from the median of tries, by pixels and steps", () => {
  expect(expectedSeconds([], 6, drawing)).toBeUndefined();
  const tries = [tried({ seconds: 60 }), tried({ seconds: 4 }), tried({ seconds: 1, width: 256, height: 256 })];
  expect(expectedSeconds(tries, 6, drawing)).toBe(24);
  expect(expectedSeconds(tries, 1, { ...drawing, steps: 40 })).toBe(8);
});

test.each([
  ["1024,768", [], [1024, 768]],
  ["300", [], [304, 304]],
  [undefined, [], [512, 512]],
  ["512", run.samples, [512, 512]],
] as const)("a run of resolution %s draws as its samples do, or as it was trained", (resolution, samples, size) => {
  const { width, height } = usualDrawing({ samples, settings: resolution === undefined ? {} : { resolution } });
  expect([width, height]).toEqual(size);
});

test("only sizes, steps and guidance that can be drawn are taken", () => {
  expect([64, 63, 2056, 516].map((width) => isDrawable("width", width))).toEqual([true, false, false, false]);
  expect([7.25, 31].map((guidance) => isDrawable("guidance", guidance))).toEqual([true, false]);
  expect(isDrawable("steps", Number.NaN)).toBe(false);
});
