import { expect, test } from "vitest";
import type { RunAbout } from "../../../../runs/index.ts";
import { type Choice, cellsOf, choiceIn, columnsOf, positionsOf, queryOf, rowsOf, seedsIn } from "./choice.ts";

type Checkpoint = RunAbout["checkpoints"][number];

const saved = (step: number, kind: Checkpoint["kind"] = "step", name = `word-step${step}.safetensors`): Checkpoint => ({
  ...{ name, step, kind, bytes: 3000 },
});

const about = {
  checkpoints: [
    ...[saved(120), saved(240), saved(360), saved(480)],
    saved(500, "last", "word-last.safetensors"),
    saved(240, "best", "word.safetensors"),
  ],
  marks: { schema: 1, stars: [360], note: "", exports: [] },
  samples: [
    { name: "a.png", step: 120, prompt: "a word", seed: 7, width: 256, height: 320 },
    { name: "b.png", step: 240, prompt: "a word", seed: 7, width: 256, height: 320 },
  ],
  settings: { resolution: "512" },
  record: { word: "word" },
} as unknown as RunAbout;

const positions = positionsOf(about);

test("the slider goes from the start word through every state once, by step", () => {
  expect(positions.map(({ key, step, kind }) => [key, step, kind])).toEqual([
    ["start", 0, "start"],
    ["word-step120.safetensors", 120, "step"],
    ["word.safetensors", 240, "best"],
    ["word-step360.safetensors", 360, "step"],
    ["word-step480.safetensors", 480, "step"],
    ["word-last.safetensors", 500, "last"],
  ]);
});

test("an average of vectors stands at the end, and hides no step", () => {
  const all = positionsOf({ ...about, checkpoints: [saved(10), saved(10, "average", "word.safetensors")] });
  expect(all.map(({ kind }) => kind)).toEqual(["start", "step", "average"]);
});

test("columns are the start word, stars, the best, the last, what is kept, and where the slider stands", () => {
  const stepsWith = (at: string, kept: readonly string[] = []) =>
    columnsOf(positions, { at, kept }).map((one) => one.step);
  expect(stepsWith("start")).toEqual([0, 240, 360, 500]);
  expect(stepsWith("word-step480.safetensors")).toEqual([0, 240, 360, 480, 500]);
  expect(stepsWith("start", ["word-step120.safetensors"])).toEqual([0, 120, 240, 360, 500]);
});

test("a comparison begins at the star, with the prompts and the size of the run's own samples", () => {
  expect(choiceIn("", about, positions)).toEqual({
    ...{ at: "word-step360.safetensors", kept: [], prompts: ["a word"], seeds: [42, 43, 44, 45] },
    ...{ width: 256, height: 320, steps: 20, guidance: 7.5 },
  });
  const without = { ...about, samples: [], marks: { ...about.marks, stars: [] } };
  expect(choiceIn("", without, positionsOf(without))).toMatchObject({
    ...{ at: "word.safetensors", prompts: ["a photo of word"], seeds: [42, 43, 44, 45], width: 512, height: 512 },
  });
});

test("an address tells the whole comparison, and nothing that is gone or cannot be drawn", () => {
  const choice: Choice = {
    ...{ at: "start", kept: ["word-step120.safetensors"], prompts: ["a & b", "ü, 日本"], seeds: [1, 2] },
    ...{ width: 512, height: 384, steps: 12, guidance: 5.5 },
  };
  expect(choiceIn(queryOf(choice), about, positions)).toEqual(choice);
  const damaged = "?at=gone&keep=gone&prompt=&seeds=1+x&width=9&height=100&steps=0&guidance=-1";
  expect(choiceIn(damaged, about, positions)).toEqual(choiceIn("", about, positions));
});

test("what the run has drawn has rows of its own, above those that are drawn alike", () => {
  // drawn between two saved steps, so it belongs to no column
  const between = { ...about.samples[0]!, name: "c.png", step: 131, seed: 9 };
  const shown = { samples: [...about.samples, between], positions };
  const rows = rowsOf("a word", { ...shown, seeds: [42, 7] });
  expect(rows.map(({ seed, isOfRun }) => [seed, isOfRun])).toEqual([
    [7, true],
    [42, false],
    [7, false],
  ]);
  expect(rowsOf("another", { ...shown, seeds: [42] })).toEqual([{ seed: 42, isOfRun: false }]);
});

test.each([
  ["42 43, 44;45", [42, 43, 44, 45]],
  ["7 7", [7]],
  ["4294967295", [4294967295]],
  ["4294967296", undefined],
  ["", undefined],
  ["-1", undefined],
  ["1.5", undefined],
  ["1 2 3 4 5 6 7 8 9", undefined],
])("%j are the seeds %j", (text, seeds) => {
  expect(seedsIn(text)).toEqual(seeds);
});

test("every column has a cell for each prompt and seed", () => {
  const cells = cellsOf(positions.slice(0, 2), { prompts: ["a", "b"], seeds: [1, 2] });
  expect(cells.map(({ checkpoint, prompt, seed }) => `${checkpoint.slice(0, 5)} ${prompt}${seed}`)).toEqual(
    ["a1", "a2", "b1", "b2"].flatMap((rest) => [`start ${rest}`, `word- ${rest}`]),
  );
});
