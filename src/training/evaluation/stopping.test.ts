import { describe, expect, test } from "vitest";
import { arrayOf } from "../../array/index.ts";
import { choiceText, choose, type ScoredCandidate } from "./choice.ts";
import { EvaluationHistory, evaluationArrays, evaluationFrom } from "./history.ts";
import { earlyEnd, hasLearned } from "./stopping.ts";

const evaluatedAt = (losses: readonly number[], interval = 10) =>
  losses.map((loss, i) => ({ step: i * interval, itemLosses: [loss] }));
/** Losses that fall towards 0.5 geometrically, with some scatter. */
const falling = (count: number, rest = 0.5) =>
  Array.from({ length: count }, (_, i) => 0.5 + 0.5 * rest ** i + (i % 2 === 0 ? 1e-4 : -1e-4));
const endAfter = (losses: readonly number[], warmupSteps = 0) =>
  earlyEnd(evaluatedAt(losses), { window: 6, interval: 10, warmupSteps });
/** Index of the first evaluation after which a run may end. */
const firstStop = (losses: readonly number[], warmupSteps = 0) =>
  losses.findIndex((_, i) => endAfter(losses.slice(0, i + 1), warmupSteps) !== undefined);

describe("a run", () => {
  test("may end at 1.3 times the step by which 95 % of the fall was there, and says so", () => {
    const losses = [1, 0.9, 0.8, 0.7, 0.6, 0.55, 0.52, 0.52, 0.51, 0.51, 0.51];
    // 95 % of 0.49 by step 60, 1.3 times of which are 78
    expect(firstStop(losses)).toBe(8);
    expect(endAfter(losses.slice(0, 9))).toEqual({
      lastStep: 90,
      reason: "the evaluation loss has flattened: 95 % of its fall by 0.49 was there after step 60",
    });
  });

  test("does not end before six evaluations after the warm-up", () => {
    const losses = [1, ...new Array<number>(20).fill(0.5)];
    expect(firstStop(losses)).toBe(6);
    expect(firstStop(losses, 45)).toBe(10);
  });

  test.each([
    { what: "that fall along a line", losses: Array.from({ length: 40 }, (_, i) => 1 - 0.01 * i) },
    { what: "that only scatter", losses: [1, 1.01, 0.99, 1.01, 0.99, 1, 1.01, 0.99, 1] },
    { what: "that rise", losses: [1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7] },
  ])("goes on with losses $what", ({ losses }) => expect(firstStop(losses)).toBe(-1));

  test("ends at 1.5 times the step of 95 %, in whole intervals, and not without one interval to cool down", () => {
    const lastStepOf = (reached: number) => {
      const losses = Array.from({ length: 20 }, (_, i) => 1 - 0.5 * Math.min(1, i / reached));
      return endAfter(losses.slice(0, firstStop(losses) + 1))!.lastStep;
    };
    // 95 % of the fall by steps 50, 80, 110, then 1.25 times that, but at least six evaluations
    expect([5, 8, 11].map(lastStepOf)).toEqual([80, 120, 160]);
    expect(endAfter([1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5])!.lastStep).toBe(70);
  });

  test("has learned where losses fell clearly: by more than they scatter, and not just by rounding", () => {
    expect(hasLearned(evaluatedAt(falling(10)), 6)).toBe(true);
    expect(hasLearned(evaluatedAt([1, 1.02, 0.98, 1.01, 0.99, 1.02, 0.98]), 6)).toBe(false);
    expect(hasLearned(evaluatedAt(Array.from({ length: 9 }, (_, i) => 1 - 1e-5 * i)), 6)).toBe(false);
  });
});

describe("the vectors that are kept", () => {
  const candidate = (name: ScoredCandidate["name"], itemLosses: readonly number[]): ScoredCandidate => ({
    ...{ name, step: 40, embeddings: [], itemLosses },
  });
  const last = candidate("last", [1, 2, 3, 4]);

  test("are the last ones unless others are better by more than two standard errors", () => {
    const lucky = candidate("best", [0.5, 2.2, 2.9, 3.9]);
    expect(choose([last, lucky]).chosen).toBe(last);
    const better = candidate("averaged", [0.9, 1.9, 2.8, 3.9]);
    const { chosen, compared } = choose([last, better, lucky]);
    expect(chosen).toBe(better);
    expect(compared[1]).toMatchObject({
      name: "averaged",
      gain: expect.closeTo(0.125),
      gainError: expect.closeTo(0.025),
    });
    expect(choiceText({ chosen: "averaged", candidates: compared })).toBe(
      "kept the averaged vectors: their loss is lower than that of the last ones by 0.13 ± 0.025",
    );
    expect(choiceText({ chosen: "last", candidates: choose([last, lucky]).compared })).toBe(
      "kept the last vectors: none is surely better (loss of the vectors after step 40 lower by 0.13 ± 0.14)",
    );
  });

  test("as the best evaluated ones are those of the lowest loss among its neighbours, also after going on from a state", () => {
    const losses = [1, 0.5, 0.2, 0.9, 0.4, 0.39, 0.38, 0.6];
    const rowsOf = (step: number) => [arrayOf([1, 2], [step, -step])];
    let history = new EvaluationHistory();
    for (const { step, itemLosses } of evaluatedAt(losses)) {
      history.add({ step, itemLosses }, rowsOf(step));
      history = new EvaluationHistory(evaluationFrom(new Map(Object.entries(evaluationArrays(history.state()!)))));
    }
    expect(history.best).toEqual({ step: 50, embeddings: rowsOf(50) });
  });
});
