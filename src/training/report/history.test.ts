import { describe, expect, test } from "vitest";
import { arrayOf, type NdArray } from "../../array/index.ts";
import { parseSafetensors, readTensor, writeSafetensors } from "../../formats/safetensors/index.ts";
import type { EvaluationEvent, StepEvent, TrainingEvent } from "../events.ts";
import { RunHistory } from "./history.ts";

const initial = [arrayOf([2, 2], [1, 0, 0, 2])];

/** Vectors that turn by 1 milliradian a step. */
function vectorsAt(step: number): NdArray<Float32Array>[] {
  const angle = step / 1000;
  return [arrayOf([2, 2], [Math.cos(angle), Math.sin(angle), 0, 2 + step])];
}

function stepEvent(step: number): StepEvent {
  const rowNorms = [1, 2 + step];
  return {
    kind: "step",
    step,
    loss: step,
    rowNorms,
    rowDistances: [0, step],
    samplesPerSecond: 4,
  } as unknown as StepEvent;
}

function evaluationEvent(step: number, loss: number): EvaluationEvent {
  return { kind: "evaluation", step, loss } as unknown as EvaluationEvent;
}

/** Notes steps from after `from` to `to`, with an evaluation every 50 that is lowest at 150. */
async function noteSteps(history: RunHistory, from: number, to: number): Promise<RunHistory> {
  let step = from;
  async function* events(): AsyncGenerator<TrainingEvent> {
    while (step < to) {
      step++;
      yield stepEvent(step);
      if (step % 50 === 0) yield evaluationEvent(step, Math.abs(step - 150));
    }
  }
  const vectors = {
    get current() {
      return vectorsAt(step);
    },
    get finished() {
      return vectorsAt(step);
    },
  };
  for await (const _ of history.noting(events(), vectors));
  return history;
}

/** The history's arrays after writing and reading a file. */
function reread(history: RunHistory): Map<string, NdArray> {
  const bytes = writeSafetensors({ tensors: history.state() });
  return new Map([...parseSafetensors(bytes).tensors].map(([name, entry]) => [name, readTensor(bytes, entry)]));
}

describe("the course of a run", () => {
  test("has every step of a short run", async () => {
    const { curves } = await noteSteps(new RunHistory(initial, 9), 0, 9);
    expect(curves.steps).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(curves.loss).toEqual(curves.steps);
    expect(curves.norms[1]).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(curves.angles[0]![8]).toBeCloseTo(0.009, 5);
    expect(curves.distances[0]).toEqual(Array(9).fill(0));
  });

  test("of a long run has a bounded number of points, with the mean loss of the steps between them", async () => {
    const { curves } = await noteSteps(new RunHistory(initial, 5000), 0, 5000);
    expect(curves.steps.length).toBeLessThanOrEqual(240);
    expect(curves.steps.length).toBeGreaterThan(110);
    const gap = curves.steps[1]! - curves.steps[0]!;
    for (const [i, step] of curves.steps.entries()) {
      expect(step).toBe((i + 1) * gap);
      expect(curves.loss[i]).toBeCloseTo(step - (gap - 1) / 2, 6);
      expect(curves.norms[1]![i]).toBe(2 + step);
    }
  });

  test("has the vectors at a third and two thirds of the planned steps exactly, and near them where the run ended sooner", async () => {
    const whole = await noteSteps(new RunHistory(initial, 1000), 0, 1000);
    expect(whole.thirdsOf(1000).map(({ step }) => step)).toEqual([333, 667]);
    expect(whole.thirdsOf(1000)[0]!.tables[0]!.data[3]).toBe(2 + 333);
    const short = await noteSteps(new RunHistory(initial, 1000), 0, 500);
    for (const [i, { step }] of short.thirdsOf(500).entries())
      expect(Math.abs(step - ((i + 1) * 500) / 3)).toBeLessThan(40);
    expect((await noteSteps(new RunHistory(initial, 1), 0, 1)).thirdsOf(1)).toEqual([]);
    expect(whole.state().size).toBeLessThan(25);
  });

  test("has the vectors of the evaluation with the lowest loss", async () => {
    const { best } = await noteSteps(new RunHistory(initial, 300), 0, 300);
    expect([best!.step, best!.tables[0]!.data[3]]).toEqual([150, 152]);
    expect((await noteSteps(new RunHistory(initial, 300), 0, 20)).best).toBeUndefined();
  });

  test("goes on from a state as if the run had never stopped, wherever it stopped", async () => {
    const whole = (await noteSteps(new RunHistory(initial, 700), 0, 700)).state();
    for (const stop of [1, 149, 150, 239, 241, 500]) {
      const before = await noteSteps(new RunHistory(initial, 700), 0, stop);
      const after = await noteSteps(new RunHistory(initial, 700, reread(before)), stop, 700);
      expect(after.state()).toEqual(whole);
    }
  });

  test("begins where the run goes on from a state without one", async () => {
    const late = await noteSteps(new RunHistory(initial, 300, new Map()), 100, 110);
    expect(late.curves.steps).toEqual([101, 102, 103, 104, 105, 106, 107, 108, 109, 110]);
  });

  test("keeps numbers that are not finite as gaps", async () => {
    const history = new RunHistory(initial, 3);
    async function* events(): AsyncGenerator<TrainingEvent> {
      yield { ...stepEvent(1), loss: Number.NaN };
    }
    for await (const _ of history.noting(events(), { current: vectorsAt(1), finished: vectorsAt(1) }));
    expect(new RunHistory(initial, 3, reread(history)).curves.loss).toEqual([null]);
  });
});
