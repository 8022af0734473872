import { describe, expect, test } from "vitest";
import type { ReportedEvaluation } from "./data.ts";
import { bestOf, gainOf, type LearningFacts, verdictOf } from "./verdict.ts";

/** Evaluations every 10 steps; their two items differ from the mean by `spread`, with a sign that changes from one to the next. */
function evaluations(losses: readonly number[], { error = 0.01, spread = 0.01 } = {}): ReportedEvaluation[] {
  return losses.map((loss, i) => ({
    step: 10 * i,
    loss,
    drop: losses[0]! - loss,
    dropError: error,
    itemLosses: [loss - spread * ((i % 3) - 1), loss + spread * ((i % 3) - 1)],
  }));
}

const falling = [1, 0.9, 0.85, 0.82, 0.81, 0.805];
const moved = { steps: 50, angle: 0.9, normRatio: 1.5 };

const cases: readonly (readonly [string, LearningFacts, string, RegExp])[] = [
  [
    "a fall that flattens out",
    { ...moved, evaluations: evaluations(falling) },
    "learned",
    /^Learned: .* 19\.5 % ± 1\.0 % lower/,
  ],
  [
    "the best vectors kept after a rise",
    { ...moved, keptStep: 30, evaluations: evaluations([1, 0.9, 0.85, 0.8, 0.9, 0.95]) },
    "learned",
    /20\.0 % ± 1\.0 % lower than at the start; the file has the vectors of step 30, the best of 50 steps\.$/,
  ],
  [
    "a rise after the best step",
    { ...moved, evaluations: evaluations([1, 0.9, 0.85, 0.8, 0.9, 0.95]) },
    "overfit",
    /^Overfit: .* lowest at step 30 .*; use step 30: /,
  ],
  [
    "a rise within its error",
    { ...moved, evaluations: evaluations([1, 0.9, 0.85, 0.8, 0.8, 0.81], { spread: 0.1 }) },
    "learned",
    /^Learned: /,
  ],
  [
    "a fall that goes on",
    { ...moved, evaluations: evaluations([1, 0.95, 0.9, 0.85, 0.8, 0.7]) },
    "weak",
    /^Learned weakly: .* still falling at the end; train longer, for about 100 steps\.$/,
  ],
  [
    "a word ten times too long",
    { ...moved, normRatio: 14, evaluations: evaluations(falling) },
    "weak",
    /14 times as long .* drown the rest of a prompt; .*--norm_control fixed/,
  ],
  [
    "a word that changes its neighbours",
    { ...moved, driftRatio: 4.2, evaluations: evaluations(falling) },
    "weak",
    /changes the words after it 4\.2 times as much/,
  ],
  [
    "no fall, and no turn",
    { ...moved, angle: 0.02, evaluations: evaluations([1, 1, 0.99, 1]) },
    "nothing",
    /^Nothing learned, because the vectors turned by only 0\.020 radians in 50 steps: raise the learning rate/,
  ],
  [
    "no fall, and vectors far too long",
    { ...moved, normRatio: 30, evaluations: evaluations([1, 1.2, 1.3, 1.4]) },
    "nothing",
    /30 times the length of ordinary words: lower the learning rate/,
  ],
  [
    "no fall although they turned",
    { ...moved, evaluations: evaluations([1, 1, 0.99, 1]) },
    "nothing",
    /no more than chance explains \(0\.010 ± 0\.010\): check that captions have the word/,
  ],
  ["no evaluations, no turn", { ...moved, angle: 0.02, evaluations: [] }, "nothing", /turned by only 0\.020 radians/],
  [
    "no evaluations",
    { ...moved, evaluations: [], trainingDrop: { value: 0.02, error: 0.004 } },
    "unmeasured",
    /not measured: the vectors turned by 0\.90 radians and are 1\.5 times as long .* the training loss fell by more than its noise; .*--eval_every_n_steps 10/,
  ],
  [
    "no evaluations, far too long",
    { ...moved, normRatio: 25, evaluations: [] },
    "unmeasured",
    /drowns the rest of a prompt/,
  ],
  [
    "nothing but the file",
    { steps: 0, evaluations: [] },
    "unmeasured",
    /^Whether it has learned was not measured; look/,
  ],
];

describe("the verdict names what happened and what to do", () => {
  test.each(cases)("for %s", (_, facts, kind, sentence) => {
    const verdict = verdictOf(facts);
    expect(verdict.sentence).toMatch(sentence);
    expect(verdict.kind).toBe(kind);
    expect(verdict.sentence.split(". ")).toHaveLength(1);
  });
});

test("evaluations that are no numbers count for nothing", () => {
  const broken = [...evaluations(falling), { step: 60, loss: null, drop: null, dropError: null, itemLosses: [null] }];
  expect(bestOf(broken)?.step).toBe(50);
  expect(gainOf(broken)!.value).toBeCloseTo(0.195);
  expect(verdictOf({ ...moved, evaluations: broken }).kind).toBe("learned");
  expect(gainOf(broken, 20)!.value).toBeCloseTo(0.15);
});
