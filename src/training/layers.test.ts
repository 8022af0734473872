import { afterAll, beforeAll, expect, test } from "vitest";
import { relativeDistance } from "../../test/goldens.ts";
import { trainingFolder } from "../../test/training-run.ts";
import type { NdArray } from "../array/index.ts";
import { batchPixels, type MicroBatch } from "../dataset/index.ts";
import { drawTrainingBatch, seededGenerators } from "../diffusion/index.ts";
import { readEmbeddingFile } from "../embedding/index.ts";
import { firstPlaceholderId } from "../models/index.ts";
import { TorchGenerator } from "../random/index.ts";
import { openRuntime, type Runtime } from "../runtime/index.ts";
import { computeMicroStep, samplesOf } from "./loop/micro-step.ts";
import { LoweredMicroStep } from "./loop/micro-step-program.ts";
import { openInputs } from "./setup/inputs.ts";
import { openRun } from "./setup/open-run.ts";
import { openVaeEncoder } from "./setup/vae-encoder.ts";

const { settingsFor } = trainingFolder();
const [layers, vectors, width] = [10, 2, 96];

let runtime: Runtime;
beforeAll(() => {
  runtime = openRuntime({ threads: 1 });
});
afterAll(() => runtime.close());

/** The first micro-batch of a run, to compute with any rows; its random numbers are always the same. */
async function firstMicroStep(...flags: readonly string[]) {
  const settings = await settingsFor("--num_vectors_per_token", String(vectors), ...flags);
  const inputs = await openInputs(settings);
  const run = await openRun(settings, inputs);
  const vae = await openVaeEncoder(inputs.model, runtime, inputs.generators.torch);
  const lowered = new LoweredMicroStep(settings, inputs, { runtime, computeDtype: "float32" });
  const { microStepContext, sampleContext } = await lowered.load(vae);
  const { replacements, group, placeholder } = inputs;
  let batch: MicroBatch | undefined;
  for await (const first of group.epochBatches(1, [0], { replacements, maxTrainSteps: 1, currentStep: () => 0 }))
    batch = first;
  expect(batchPixels(batch!)!.shape[0]).toBe(2);
  const samples = await samplesOf(batch!, sampleContext);
  const generators = seededGenerators(3);
  const draw = drawTrainingBatch(samples.latents, microStepContext.options, microStepContext.schedule, generators);
  const compute = (rows: readonly NdArray<Float32Array>[]) =>
    computeMicroStep(microStepContext, rows, samples, draw, { accumulationSteps: 1 });
  return { compute, rows: placeholder.initialEmbeddings, samples, run };
}

/** Sums of gradients by token id. */
const gradientOf = ({ gradients }: Awaited<ReturnType<typeof computeMicroStep>>) => gradients[0]!;

test.each([[[]], [["--max_token_length", "150", "--gradient_checkpointing"]]])(
  "where all layers have the same vectors, loss and summed gradients are those of an ordinary word: %j",
  async (flags) => {
    const [ordinary, layered] = [await firstMicroStep(...flags), await firstMicroStep("--xti", ...flags)];
    const [plain, perLayer] = [await ordinary.compute(ordinary.rows), await layered.compute(layered.rows)];
    expect(layered.rows[0]!.shape).toEqual([layers * vectors, width]);
    expect(relativeDistance(perLayer.sampleLosses, plain.sampleLosses)).toBeLessThan(1e-5);

    const [wanted, found] = [gradientOf(plain), gradientOf(perLayer)];
    for (let vector = 0; vector < vectors; vector++) {
      const sum = new Float64Array(width);
      for (let layer = 0; layer < layers; layer++) {
        const row = found.get(firstPlaceholderId + layer * vectors + vector)!;
        expect(Math.hypot(...row)).toBeGreaterThan(0);
        for (let i = 0; i < width; i++) sum[i]! += row[i]!;
      }
      expect(relativeDistance(sum, wanted.get(firstPlaceholderId + vector)!)).toBeLessThan(1e-3);
    }
    const photo = 1125;
    expect(relativeDistance(found.get(photo)!, wanted.get(photo)!)).toBeLessThan(1e-3);
  },
);

test("the gradient at one layer's vector is that of finite differences", async () => {
  const { compute, rows } = await firstMicroStep("--xti");
  // vectors that differ, so that a layer's gradient cannot be taken for another's
  const [start] = rows;
  const noise = new TorchGenerator(4).randn(start!.shape).data;
  const different = { ...start!, data: start!.data.map((value, i) => value + 0.02 * noise[i]!) };
  const gradients = gradientOf(await compute([different]));
  for (const row of [3 * vectors + 1, 9 * vectors]) {
    const gradient = gradients.get(firstPlaceholderId + row)!;
    const length = Math.hypot(...gradient);
    const lossAt = async (distance: number) => {
      const data = different.data.slice();
      for (let i = 0; i < width; i++) data[row * width + i]! += (distance * gradient[i]!) / length;
      return (await compute([{ ...different, data }])).loss;
    };
    const step = 0.1;
    const slope = ((await lossAt(step)) - (await lossAt(-step))) / (2 * step);
    expect(slope / length).toBeGreaterThan(0.97);
    expect(slope / length).toBeLessThan(1.03);
  }
});

test("a batch holds the token ids of each caption in a variant for each layer", async () => {
  const { samples } = await firstMicroStep("--xti");
  const [texts] = samples.tokenIds;
  expect(texts!.map((chunks) => chunks.map(({ length }) => length))).toEqual(Array(2 * layers).fill([77]));
  texts!.forEach(([ids], text) => {
    const first = firstPlaceholderId + (text % layers) * vectors;
    expect(ids!.filter((id) => id >= firstPlaceholderId)).toEqual([first, first + 1]);
  });
  const ordinaryWords = texts!.map(([ids]) => ids!.filter((id) => id < firstPlaceholderId).join(" "));
  expect(new Set(ordinaryWords.slice(0, layers)).size).toBe(1);
  expect(ordinaryWords[layers]).not.toBe(ordinaryWords[0]);
});

test("every layer starts from the tokens of the init word, vector by vector", async () => {
  const startOf = async (...flags: readonly string[]) =>
    (await openInputs(await settingsFor("--init_word", "a red ring", ...flags))).placeholder.initialEmbeddings[0]!;
  for (const count of ["2", "3", "4"]) {
    const ordinary = await startOf("--num_vectors_per_token", count);
    const layered = await startOf("--num_vectors_per_token", count, "--xti");
    expect(layered.shape).toEqual([layers * Number(count), width]);
    for (let layer = 0; layer < layers; layer++)
      expect(layered.data.slice(layer * ordinary.data.length, (layer + 1) * ordinary.data.length)).toEqual(
        ordinary.data,
      );
  }
});

test("what is saved starts a run again with the same vectors, layer by layer", async () => {
  const { run } = await firstMicroStep("--xti");
  const [rows] = run.embeddings.current;
  rows!.data.forEach((_, i) => {
    rows!.data[i] = i;
  });
  const { path: file } = await run.files.writeEmbedding({ kind: "final" });
  const { tables } = await readEmbeddingFile(file!);
  expect([...tables.keys()].join(" ")).toBe("IN01 IN03 IN05 MID OUT02 OUT03 OUT04 OUT05 OUT06 OUT07");
  expect([...tables.values()].map(({ shape, data }) => [shape, data[0]])).toEqual(
    Array.from({ length: layers }, (_, layer) => [[vectors, width], layer * vectors * width]),
  );
  const again = await openInputs(await settingsFor("--xti", "--num_vectors_per_token", "2", "--weights", file!));
  expect(again.placeholder.initialEmbeddings).toEqual([rows]);
});
