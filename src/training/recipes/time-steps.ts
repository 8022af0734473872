import { arrayOf } from "../../array/index.ts";
import { seededGenerators } from "../../diffusion/index.ts";
import { TorchGenerator } from "../../random/index.ts";
import { measureRate, type Runtime } from "../../runtime/index.ts";
import { estimateRun } from "../estimate/estimate.ts";
import { microStep, tokenIdsOf } from "../loop/micro-step.ts";
import type { MicroStepSamples } from "../loop/micro-step-data.ts";
import type { LoadedMicroStep } from "../loop/micro-step-program.ts";
import type { TrainingInputs } from "../setup/inputs.ts";
import type { MeasureSteps } from "./time-box.ts";

/** Cost of encoding an image, as a share of training on it once. */
const encodingShare = 2 / 3;

/** Timed steps; the first step, which allocates memory and chooses kernels, is not one of them. */
const timedSteps = 2;

/** Times a few steps on images of noise: more exact than the device's rate in single operations. */
export const timeSteps: MeasureSteps = async (settings, inputs, _device, lowered) => {
  const start = performance.now();
  const loaded = await lowered.load();
  const { program } = loaded.microStepContext;
  const secondsToLoad = secondsSince(start);
  try {
    const generators = seededGenerators(0);
    const samples = noiseSamples(inputs, loaded);
    let fastest = Number.POSITIVE_INFINITY;
    for (let i = 0; i <= timedSteps; i++) {
      const stepStart = performance.now();
      const { initialEmbeddings } = inputs.placeholder;
      await microStep(loaded.microStepContext, initialEmbeddings, samples, generators, { accumulationSteps: 1 });
      if (i > 0) fastest = Math.min(fastest, secondsSince(stepStart));
    }
    const perSample = fastest / samples.priorLossWeights.length;
    return {
      perStep: fastest * settings.gradientAccumulationSteps,
      // networks are loaded again for the run
      startUp: secondsSince(start) + secondsToLoad + cachingSeconds(inputs, perSample),
    };
  } finally {
    await Promise.all([program.close(), loaded.evaluation?.close()]);
  }
};

/** Estimates the duration of steps from the device's rate in single operations, without loading networks. */
export const estimateSteps =
  (runtime: Runtime): MeasureSteps =>
  async (settings, inputs, device, lowered) => {
    const { secondsPerStep } = estimateRun(settings, inputs, device, await measureRate(runtime), lowered);
    const perSample = secondsPerStep / (settings.trainBatchSize * settings.gradientAccumulationSteps);
    return { perStep: secondsPerStep, startUp: cachingSeconds(inputs, perSample) };
  };

function cachingSeconds({ group }: TrainingInputs, perSample: number): number {
  return encodingShare * perSample * group.images.length;
}

/** A batch of noise, of the run's batch size. */
function noiseSamples(
  { group, model, placeholder }: TrainingInputs,
  { sampleContext }: LoadedMicroStep,
): MicroStepSamples {
  const { batchSize, resolution } = group.datasets[0]!.plan;
  const { vaeScaleFactor, latentChannels } = model.vae.architecture;
  const [width, height] = resolution.map((side) => side / vaeScaleFactor) as [number, number];
  const captions = Array.from({ length: batchSize }, () => `a photo of a ${placeholder.tokens.join(" ")}`);
  const [pixelHeight, pixelWidth] = [resolution[1], resolution[0]];
  return {
    latents: new TorchGenerator(0).randn([batchSize, latentChannels, height, width]),
    tokenIds: tokenIdsOf(captions, sampleContext),
    priorLossWeights: captions.map(() => 1),
    mask: sampleContext.hasMask
      ? arrayOf([batchSize, 1, height, width], new Float32Array(batchSize * height * width).fill(1))
      : undefined,
    timeIds:
      model.family === "sdxl"
        ? captions.map(() => [pixelHeight, pixelWidth, 0, 0, pixelHeight, pixelWidth])
        : undefined,
  };
}

function secondsSince(start: number): number {
  return (performance.now() - start) / 1000;
}
