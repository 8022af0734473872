import { describe, expect, test } from "vitest";
import { arrayOf } from "../../array/index.ts";
import { choiceText, choose, type ScoredCandidate } from "./choice.ts";
import { EvaluationHistory, evaluationArrays, evaluationFrom } from "./history.ts";
import { hasFlattened, hasLearned, scheduleOf, standsStill, stopReason } from "./stopping.ts";

const evaluatedAt = (losses: readonly number[], interval = 10) =>
  losses.map((loss, i) => ({ step: i * interval, itemLosses: [loss] }));
/** Falls by half of what is left in every evaluation, with some scatter. */
const falling = (count: number, rest = 0.5) =>
  Array.from({ length: count }, (_, i) => 0.5 + 0.5 * rest ** i + (i % 2 === 0 ? 1e-4 : -1e-4));
const constant = scheduleOf(new Array<number>(300).fill(1));

describe("rule A", () => {
  test.each([
    { losses: [1, 0.5], still: false },
    { losses: [1, 0.5, 0.25], still: false },
    { losses: [1, 0.5, 0.25, 0.25], still: true },
    { losses: [1, 0.6, 0.2, 0.6], still: false },
  ])("of losses $losses, window 3: $still", ({ losses, still }) => expect(standsStill(losses, 3)).toBe(still));
});

describe("rule B", () => {
  test.each([
    { what: "that fell and stand", losses: falling(18), flat: true },
    { what: "that still fall", losses: falling(18, 0.9), flat: false },
    { what: "that only scatter", losses: [1, 1.01, 0.99, 1.01, 0.99, 1, 1.01, 0.99, 1], flat: false },
    { what: "that rise", losses: [1, 1.1, 1.2, 1.3, 1.4, 1.5], flat: false },
  ])("of losses $what: $flat", ({ losses, flat }) => expect(hasFlattened(evaluatedAt(losses), 6)).toBe(flat));
});

describe("a run", () => {
  test("ends by rule A only at a constant rate, and not before two windows of evaluations after the warm-up", () => {
    const evaluated = evaluatedAt(falling(13));
    expect(stopReason(evaluated.slice(0, 11), 6, constant)).toBeUndefined();
    expect(stopReason(evaluated.slice(0, 12), 6, constant)).toMatch(/stands still: the last 6 evaluations vary by 0 %/);
    const warmup = scheduleOf([0.1, 0.5, ...new Array<number>(298).fill(1)]);
    expect(stopReason(evaluated.slice(0, 12), 6, warmup)).toBeUndefined();
    expect(stopReason(evaluated, 6, warmup)).toBeDefined();
  });

  test("goes on while losses fall along a line", () => {
    const line = Array.from({ length: 40 }, (_, i) => 1 - 0.01 * i);
    expect(standsStill(line, 12)).toBe(true);
    expect(stopReason(evaluatedAt(line), 12, constant)).toBeUndefined();
  });

  test("whose rate falls ends by rule B alone, once the rate is below 30 % of the largest", () => {
    const evaluated = evaluatedAt(falling(20));
    const linear = (steps: number) => scheduleOf(Array.from({ length: steps }, (_, i) => 1 - i / steps));
    expect(stopReason(evaluated, 6, linear(400))).toBeUndefined();
    expect(stopReason(evaluated, 6, linear(260))).toMatch(/has flattened: over the last 6 evaluations it fell by/);
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
      "kept the averaged vectors: their loss is lower than that of the last ones by 0.13 +- 0.025",
    );
    expect(choiceText({ chosen: "last", candidates: choose([last, lucky]).compared })).toBe(
      "kept the last vectors: none is surely better (loss of the vectors after step 40 lower by 0.13 +- 0.14)",
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
