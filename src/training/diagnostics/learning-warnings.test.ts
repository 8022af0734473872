import { describe, expect, test } from "vitest";
import { arrayOf } from "../../array/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import { type Warning, WarningCounter } from "../warnings.ts";
import { learningRateWarnings, type StepView, stepWarnings } from "./learning-warnings.ts";

const fine: StepView = {
  outcome: { gradNorm: 1, embeddingGradNorms: [0.5, 0.1], isSkipped: false },
  optimizer: "AdamW",
  isFirst: true,
  norms: [0.4, 0.5],
  distances: [0.05, 0.05],
  usualNorms: [0.4, 0.4],
  lossScale: undefined,
  readings: () => [],
};
const codes = (warnings: readonly Warning[]) => warnings.map(({ code }) => code);

describe("warnings of a learning rate", () => {
  /** An embedding as in Stable Diffusion 1: 768 numbers, norm 0.387. */
  const row = arrayOf([1, 768], new Float32Array(768).fill(0.387 / Math.sqrt(768)));
  const told = (rate: number, steps: number, more: Partial<TrainSettings> = {}, optimizer = "AdamW"): string[] =>
    codes(
      learningRateWarnings({
        settings: { learningRate: rate, ...more } as TrainSettings,
        optimizer,
        initialEmbeddings: [row],
        learningRates: Array<number>(steps).fill(more.stepAngle ?? rate),
      }),
    );

  test.each([
    [2e-6, 1600, ["LEARNING_RATE_SMALL"]],
    [3e-4, 20, ["LEARNING_RATE_SMALL"]],
    [3e-4, 1000, []],
    [5e-3, 300, []],
    [1e-2, 6000, ["LEARNING_RATE_LARGE"]],
    [2e-2, 400, ["LEARNING_RATE_LARGE"]],
  ])("of published recipes: %d for %d steps", (rate, steps, expected) => {
    expect(told(rate, steps)).toEqual(expected);
    expect(told(rate, steps, {}, "Prodigy")).toEqual([]);
  });

  test.each([
    [0.04, 20, ["LEARNING_RATE_SMALL"]],
    [0.04, 200, []],
    [0.6, 40, ["LEARNING_RATE_LARGE"]],
  ])("that is an angle, whatever the vectors' length: %d for %d steps", (stepAngle, steps, expected) => {
    expect(told(2e-6, steps, { stepAngle })).toEqual(expected);
    expect(told(2e-6, steps, { stepAngle }, "direction")).toEqual(expected);
  });
});

describe("warnings of a step", () => {
  test("none where all is well", () => {
    expect(stepWarnings(fine)).toEqual([]);
  });

  test("a gradient that is no number", () => {
    const outcome = { gradNorm: Number.NaN, embeddingGradNorms: [Number.NaN, 0], isSkipped: true };
    expect(codes(stepWarnings({ ...fine, outcome }))).toEqual(["GRADIENT_NOT_FINITE"]);
  });

  test("a gradient of zero, in the first step", () => {
    const outcome = { gradNorm: 1, embeddingGradNorms: [0, 0], isSkipped: false };
    expect(codes(stepWarnings({ ...fine, outcome }))).toEqual(["GRADIENT_ZERO"]);
    expect(stepWarnings({ ...fine, outcome, isFirst: false })).toEqual([]);
  });

  test.each([
    [["cut"], "its caption is cut off before it"],
    [["missing", "cut", "missing"], "of its 3 captions 2 are without it, 1 is cut off before it"],
    [["missing", "missing"], "all 2 of its captions are without it"],
    [["dropped", "missing"], "of its 2 captions 1 is empty or dropped, 1 is without it"],
    [["missing", "whole"], "its captions have it, but its images do not count in the loss"],
  ] as const)("the reason for it, of captions with the word %j", (words, reason) => {
    const readings = words.map((word) =>
      word === "dropped"
        ? ({ tokens: 0, isCut: false, vectors: 0, word: "missing" } as const)
        : { tokens: 9, isCut: false, vectors: 0, word },
    );
    const outcome = { gradNorm: 1, embeddingGradNorms: [0, 0], isSkipped: false };
    const [warning] = stepWarnings({ ...fine, outcome, readings: () => readings });
    expect(warning!.message).toContain(reason);
  });

  test("a first step too large, of an optimizer whose steps nobody knows before", () => {
    expect(codes(stepWarnings({ ...fine, optimizer: "SGDNesterov", distances: [0.05, 0.3] }))).toEqual([
      "LEARNING_RATE_LARGE",
    ]);
  });

  test("a vector far longer than words are, said once with its length", () => {
    const counter = new WarningCounter();
    const said = [5, 6, 7].flatMap((length) => [
      ...counter.add(stepWarnings({ ...fine, isFirst: false, norms: [0.4, length] })),
    ]);
    expect(said).toEqual([
      { kind: "warning", code: "ROWS_LONG", message: expect.stringMatching(/length of 5\.0; .* about 0\.40,/) },
    ]);
    expect(counter.list()).toMatchObject([{ code: "ROWS_LONG", count: 3 }]);
  });
});

test("counted warnings go on counting in a resumed run, and are said again", () => {
  const before = new WarningCounter();
  const warning = { code: "GRADIENT_NOT_FINITE", message: "A gradient." };
  expect([...before.add([warning, warning])]).toHaveLength(1);
  const after = new WarningCounter(before.state());
  expect([...after.add([warning])]).toHaveLength(1);
  expect(after.list()).toEqual([{ ...warning, count: 3 }]);
});

test("what was found at a run's start is no part of a resumed run, which looks for itself", () => {
  const before = new WarningCounter();
  const [ofStart, ofStep] = ["RESUME", "GRADIENT_ZERO"].map((code) => ({ code, message: `${code}.` }));
  expect([...before.addAtStart([ofStart!]), ...before.add([ofStep!])]).toHaveLength(2);
  expect(before.list()).toHaveLength(2);
  const after = new WarningCounter(before.state());
  expect(after.list()).toEqual([{ ...ofStep!, count: 1 }]);
});
