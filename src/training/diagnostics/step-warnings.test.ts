import { describe, expect, test } from "vitest";
import { WarningTally } from "../warnings.ts";
import { type Sign, type StepView, signsOfStep } from "./step-warnings.ts";

const fine: StepView = {
  outcome: { gradNorm: 1, rowGradNorms: [0.5, 0.1], isSkipped: false },
  optimizer: "AdamW",
  isFirst: true,
  rowNorms: [0.4, 0.5],
  rowDistances: [0.05, 0.05],
  usualNorms: [0.4, 0.4],
  readings: () => [],
};
const codes = (signs: readonly Sign[]) => signs.map(({ code }) => code);

describe("signs of a step", () => {
  test("none where all is well", () => {
    expect(signsOfStep(fine)).toEqual([]);
  });

  test("a gradient that is no number", () => {
    const outcome = { gradNorm: Number.NaN, rowGradNorms: [Number.NaN, 0], isSkipped: true };
    expect(codes(signsOfStep({ ...fine, outcome }))).toEqual(["GRADIENT_NOT_FINITE"]);
  });

  test("a gradient of zero, in the first step", () => {
    const outcome = { gradNorm: 1, rowGradNorms: [0, 0], isSkipped: false };
    expect(codes(signsOfStep({ ...fine, outcome }))).toEqual(["GRADIENT_ZERO"]);
    expect(signsOfStep({ ...fine, outcome, isFirst: false })).toEqual([]);
  });

  test.each([
    [["cut"], "its caption is cut off before it"],
    [["missing", "cut", "missing"], "of its 3 captions 2 are without it, 1 is cut off before it"],
    [["missing", "missing"], "all 2 of its captions are without it"],
    [["dropped", "missing"], "of its 2 captions 1 is empty or dropped, 1 is without it"],
    [["missing", "whole"], "its captions hold it, but its pictures do not count in the loss"],
  ] as const)("the reason for it, of captions with the word %j", (words, reason) => {
    const readings = words.map((word) =>
      word === "dropped"
        ? ({ tokens: 0, isCut: false, vectors: 0, word: "missing" } as const)
        : { tokens: 9, isCut: false, vectors: 0, word },
    );
    const outcome = { gradNorm: 1, rowGradNorms: [0, 0], isSkipped: false };
    const [sign] = signsOfStep({ ...fine, outcome, readings: () => readings });
    expect(sign!.message).toContain(reason);
  });

  test("a first step too large, of an optimizer whose steps nobody knows before", () => {
    expect(codes(signsOfStep({ ...fine, optimizer: "SGDNesterov", rowDistances: [0.05, 0.3] }))).toEqual([
      "LEARNING_RATE_LARGE",
    ]);
  });

  test("a vector far longer than words are, said once with its length", () => {
    const tally = new WarningTally();
    const said = [5, 6, 7].flatMap((length) => [
      ...tally.addAll(signsOfStep({ ...fine, isFirst: false, rowNorms: [0.4, length] })),
    ]);
    expect(said).toEqual([
      { kind: "warning", code: "ROWS_LONG", message: expect.stringMatching(/5\.0 long; .* about 0\.40 long/) },
    ]);
    expect(tally.list()).toMatchObject([{ code: "ROWS_LONG", count: 3 }]);
  });
});

test("counted warnings go on counting in a resumed run, and are said again", () => {
  const [before, after] = [new WarningTally(), new WarningTally()];
  const sign = { code: "GRADIENT_NOT_FINITE", message: "A gradient." };
  expect([...before.addAll([sign, sign])]).toHaveLength(1);
  after.restore(before.state());
  expect([...after.addAll([sign])]).toHaveLength(1);
  expect(after.list()).toEqual([{ ...sign, count: 3 }]);
});

test("what was found at a run's start is no part of a resumed run, which looks for itself", () => {
  const [before, after] = [new WarningTally(), new WarningTally()];
  const [ofStart, ofStep] = ["RESUME", "GRADIENT_ZERO"].map((code) => ({ code, message: `${code}.` }));
  expect([...before.addOfStart([ofStart!]), ...before.addAll([ofStep!])]).toHaveLength(2);
  expect(before.list()).toHaveLength(2);
  after.restore(before.state());
  expect(after.list()).toEqual([{ ...ofStep!, count: 1 }]);
});
