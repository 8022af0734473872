import { describe, expect, test } from "vitest";
import { arrayOf, type NdArray, rowNorms } from "../../array/index.ts";
import { firstPlaceholderId } from "../../models/index.ts";
import { createOptimizer } from "../optimizers/index.ts";
import { type EmbeddingRules, TrainableEmbeddings } from "./embeddings.ts";
import type { MicroStepResult } from "./micro-step-data.ts";

const [count, width] = [2, 3];
const start = arrayOf([count, width], [1, 0, 0, 0, 2, 0]);
const none: EmbeddingRules = {
  maxGradNorm: 0,
  initReg: 0,
  normControl: undefined,
  lengthPerRate: [1],
  average: undefined,
};

function embeddingsWith(rules: Partial<EmbeddingRules>, state?: ReturnType<TrainableEmbeddings["state"]>) {
  const choice = { name: "SGD", args: {}, learningRate: "schedule" } as const;
  const optimizer = createOptimizer(choice, [{ rows: count, columns: width }]);
  return new TrainableEmbeddings([start], optimizer, { ...none, ...rules }, state);
}

/** Result of a micro-batch. gradients: [count, width]. */
function resultOf(gradients: readonly number[]): MicroStepResult {
  const rows = Array.from({ length: count }, (_, i) => gradients.slice(i * width, (i + 1) * width));
  const byToken = new Map(rows.map((row, i) => [firstPlaceholderId + i, Float64Array.from(row)]));
  return { sampleLosses: [], timesteps: [], loss: 0, gradients: [byToken] };
}

describe("a step of the embeddings", () => {
  test("is pulled to the start by the gradient of the mean distance, which is nothing at the start", () => {
    const embeddings = embeddingsWith({ initReg: 0.5 });
    const zero = resultOf(Array(count * width).fill(0));
    embeddings.step([zero], 1, 0);
    expect(embeddings.distances).toEqual([0, 0]);

    embeddings.step([resultOf([0.3, -0.2, 0.1, 0.5, 0, 0.7])], 1, 1);
    const before = embeddings.current[0]!.data.slice();
    const meanDistance = (values: Float64Array) => {
      const ways = values.map((value, i) => value - start.data[i]!);
      return (Math.hypot(...ways.subarray(0, width)) + Math.hypot(...ways.subarray(width))) / count;
    };
    const slope = (i: number) => {
      const moved = (by: number) => Float64Array.from(before, (value, k) => value + (k === i ? by : 0));
      return (meanDistance(moved(1e-5)) - meanDistance(moved(-1e-5))) / 2e-5;
    };
    embeddings.step([zero], 1, 2);
    for (const [i, value] of embeddings.current[0]!.data.entries())
      expect(value).toBeCloseTo(before[i]! - 0.5 * slope(i), 5);
  });

  test("moves the running average once it has begun, which is brought back to the length that is held", () => {
    const lengths = [[1, 2]];
    const rules = {
      average: { decay: 0.5, firstStep: 1, lengths },
      normControl: { kind: "fixed", targets: lengths },
    } as const;
    const embeddings = embeddingsWith(rules);
    const steps = [1, 2, 3].map((i) => resultOf([0, i, -i, i, 0, 0]));
    embeddings.step([steps[0]!], 0.3, 0);
    expect(embeddings.averaged).toBeUndefined();
    embeddings.step([steps[1]!], 0.3, 1);
    const first = embeddings.current[0]!.data.slice();
    expect(embeddings.averaged![0]!.data).toEqual(first);
    const resumed = embeddingsWith(rules, structuredClone(embeddings.state()));
    const both = [embeddings, resumed].map((each) => {
      each.step([steps[2]!], 0.3, 2);
      return each.averaged![0]!;
    }) as [NdArray<Float32Array>, NdArray<Float32Array>];
    expect(both[1]).toEqual(both[0]);
    for (const [i, norm] of rowNorms(both[0]).entries()) expect(norm).toBeCloseTo(lengths[0]![i]!, 6);
    const last = embeddings.current[0]!.data;
    const between = first.map((value, i) => (value + last[i]!) / 2);
    const scale = 1 / Math.hypot(...between.subarray(0, width));
    for (let i = 0; i < width; i++) expect(both[0].data[i]).toBeCloseTo(between[i]! * scale, 6);
  });
});
