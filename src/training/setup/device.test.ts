import { afterAll, beforeAll, expect, test } from "vitest";
import { relativeDistance } from "../../../test/goldens.ts";
import { trainingFolder } from "../../../test/training-run.ts";
import { PythonRandom, TorchGenerator } from "../../random/index.ts";
import { openRuntime, type Runtime } from "../../runtime/index.ts";
import { draftMicroStep, loadMicroStep } from "../loop/load-micro-step.ts";
import { LossScale } from "../loop/loss-scale.ts";
import { microStep } from "../loop/micro-step.ts";
import { openTrainingDevice, precisionSigns } from "./device.ts";
import { prepareRun } from "./prepare.ts";

const { settingsFor } = trainingFolder();
let runtime: Runtime;
beforeAll(() => {
  runtime = openRuntime({ threads: 1 });
});
afterAll(() => runtime.close());

async function computeStep(lossScale?: LossScale) {
  const settings = await settingsFor();
  const preparation = await prepareRun(settings);
  const draft = draftMicroStep(settings, preparation, { runtime, computeDtype: lossScale ? "float16" : "float32" });
  const context = await loadMicroStep(settings, preparation, draft, lossScale);
  const { word } = preparation;
  const generators = { torch: new TorchGenerator(3), python: new PythonRandom(3) };
  const caption = [49406, ...word.ids, ...new Array<number>(76 - word.ids.length).fill(49407)];
  const latents = generators.torch.randn([2, 4, 16, 16]);
  const samples = { latents, tokenIds: [[[caption], [caption]]], lossWeights: [1, 1] };
  const { loss, gradients } = await microStep(context, word.initialRows, samples, generators, 1);
  await context.program.close();
  return { loss, gradient: [...gradients[0]!.values()].flatMap((row) => [...row]) };
}

// products themselves are float32 on a processor; what GPUs make of float16 is measured by bench/device.sh
test("with products in float16 and a scaled loss, loss and gradients are those of float32", async () => {
  const [exact, scaled] = [await computeStep(), await computeStep(new LossScale())];
  expect(Math.abs(scaled.loss / exact.loss - 1)).toBeLessThan(1e-3);
  expect(relativeDistance(scaled.gradient, exact.gradient)).toBeLessThan(5e-3);
});

test("16 bits are for GPUs; what else is done is said", async () => {
  const { runtime, computeDtype, signs } = await openTrainingDevice({
    ...(await settingsFor()),
    mixedPrecision: "fp16",
  });
  await runtime.close();
  expect(computeDtype).toBe("float32");
  expect(signs[0]!.message).toMatch(/^--mixed_precision fp16 changes nothing: the processor/);
  expect(precisionSigns("no", undefined)).toEqual([]);
  expect(precisionSigns("fp16", undefined)).toEqual([]);
  expect(precisionSigns("bf16", undefined)[0]!.message).toContain("in float16");
});
