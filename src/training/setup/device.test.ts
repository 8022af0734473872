import { afterAll, beforeAll, expect, test } from "vitest";
import { relativeDistance } from "../../../test/goldens.ts";
import { trainingFolder } from "../../../test/training-run.ts";
import { seededGenerators } from "../../diffusion/index.ts";
import { openRuntime, type Runtime } from "../../runtime/index.ts";
import { LossScale } from "../loop/loss-scale.ts";
import { microStep } from "../loop/micro-step.ts";
import { LoweredMicroStep } from "../loop/micro-step-program.ts";
import { openTrainingDevice, precisionWarnings } from "./device.ts";
import { openInputs } from "./inputs.ts";

const { settingsFor } = trainingFolder();
let runtime: Runtime;
beforeAll(() => {
  runtime = openRuntime({ threads: 1 });
});
afterAll(() => runtime.close());

async function computeStep(lossScale?: LossScale) {
  const settings = await settingsFor();
  const inputs = await openInputs(settings);
  const lowered = new LoweredMicroStep(settings, inputs, { runtime, computeDtype: lossScale ? "float16" : "float32" });
  const { microStepContext: context } = await lowered.load();
  const { placeholder } = inputs;
  const generators = seededGenerators(3);
  const caption = [49406, ...placeholder.ids, ...new Array<number>(76 - placeholder.ids.length).fill(49407)];
  const latents = generators.torch.randn([2, 4, 16, 16]);
  const samples = { latents, tokenIds: [[[caption], [caption]]], priorLossWeights: [1, 1] };
  const { loss, gradients } = await microStep(context, placeholder.initialEmbeddings, samples, generators, {
    accumulationSteps: 1,
    lossScale: lossScale?.value,
  });
  await context.program.close();
  return { loss, gradient: [...gradients[0]!.values()].flatMap((row) => [...row]) };
}

// products themselves are float32 on a CPU; bench/device.sh measures float16 on GPUs
test("with products in float16 and a scaled loss, loss and gradients are those of float32", async () => {
  const [exact, scaled] = [await computeStep(), await computeStep(new LossScale())];
  expect(Math.abs(scaled.loss / exact.loss - 1)).toBeLessThan(1e-3);
  expect(relativeDistance(scaled.gradient, exact.gradient)).toBeLessThan(5e-3);
});

test("16 bits are for GPUs; what else is done is said", async () => {
  const { runtime, computeDtype, warnings } = await openTrainingDevice({
    ...(await settingsFor()),
    mixedPrecision: "fp16",
  });
  await runtime.close();
  expect(computeDtype).toBe("float32");
  expect(warnings[0]!.message).toMatch(/^--mixed_precision fp16 has no effect: the processor/);
  expect(precisionWarnings("no", undefined)).toEqual([]);
  expect(precisionWarnings("fp16", undefined)).toEqual([]);
  expect(precisionWarnings("bf16", undefined)[0]!.message).toContain("in float16");
});
