import { mean } from "../../array/index.ts";
import { pictureMemory } from "../../dataset/index.ts";
import { countFlops, type GraphMemory } from "../../graph/index.ts";
import { vaeBands } from "../../models/index.ts";
import { vaeEncoderOutputs } from "../../networks/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import type { DeviceName, DeviceRate, LoweredProgram, Runtime } from "../../runtime/index.ts";
import { learnedImages } from "../evaluation/frozen-batch.ts";
import { evaluatedItems, evaluationInterval, itemsAtOnce } from "../evaluation/timing.ts";
import { LoweredMicroStep } from "../loop/micro-step-program.ts";
import type { ComputingDevice } from "../setup/device.ts";
import type { TrainingInputs } from "../setup/inputs.ts";

/** Memory of a run, in bytes. */
export interface MemoryEstimate {
  /** Peak without sample images. */
  readonly peak: number;
  /** Part of the peak: weights mapped from files. The system may drop them and read them again. */
  readonly weights: number;
  /** Part of the peak: copies of weights. */
  readonly copies: number;
  /** Part of the peak: results of the networks. */
  readonly results: number;
  /** Part of the peak: decoded images and cached latents. */
  readonly pictures: number;
}

export interface Estimate {
  readonly memory: MemoryEstimate;
  /** Floating point operations of an optimizer step: mean over an epoch, with its share of the evaluations. */
  readonly flopsPerStep: number;
  /** Seconds of an optimizer step at the device's measured rate. */
  readonly secondsPerStep: number;
}

/** Memory of Node, ONNX Runtime and a graph of some thousand nodes. */
const processBytes = 300e6;
/** Factors of what the allocator takes over what is requested, measured on models of SD1.5's, SD2's and SDXL's size. */
const slack = { copies: 1.4, results: 1.35 };

/** Estimates memory and time of a run from its graph and the device's measured rate. */
export function estimateRun(
  settings: TrainSettings,
  inputs: TrainingInputs,
  device: ComputingDevice,
  rate: DeviceRate,
  microStep = new LoweredMicroStep(settings, inputs, device),
): Estimate {
  const ofEvaluations = evaluationFlopsPerStep(microStep, settings, inputs, device);
  const flopsPerStep = estimateFlops(microStep, settings, inputs) + ofEvaluations;
  return {
    memory: estimateMemory(microStep, settings, inputs, device.runtime),
    flopsPerStep,
    secondsPerStep: secondsOf(flopsPerStep, rate),
  };
}

function estimateMemory(
  { program, evaluation }: LoweredMicroStep,
  settings: TrainSettings,
  inputs: TrainingInputs,
  runtime: Runtime,
): MemoryEstimate {
  const { model, group } = inputs;
  const { vaeScaleFactor, latentChannels } = model.vae.architecture;
  const { batch, width, height } = largestBatch(inputs);
  const step = program.memory(
    named({
      batch,
      width: width / vaeScaleFactor,
      height: height / vaeScaleFactor,
      vectors: settings.numVectorsPerToken,
    }),
  );
  const evaluating = evaluation ? [evaluationMemory(evaluation, inputs, runtime.device)] : [];
  const pictures = settings.cacheLatents ? Math.min(settings.vaeBatchSize, batch) : batch;
  const bands = vaeBands(height / vaeScaleFactor, width / vaeScaleFactor);
  const encoder = runtime.lower(vaeEncoderOutputs(model, bands)).memory(named({ batch: pictures, width, height }));
  const { decoded, kept } = pictureMemory(group, {
    isCached: settings.cacheLatents,
    isOnDisk: settings.cacheLatentsToDisk,
    vaeBatchSize: settings.vaeBatchSize,
    vaeScaleFactor,
    latentChannels,
  });
  // with cached latents the encoder is freed before the first step
  const phases = settings.cacheLatents
    ? [memoryWith([encoder], decoded + kept), memoryWith([step, ...evaluating], kept)]
    : [memoryWith([encoder, step, ...evaluating], decoded + kept)];
  return phases.reduce((most, phase) => (phase.peak > most.peak ? phase : most));
}

/** Memory of evaluations beside that of training. On a CPU both map their weights from the same files. */
function evaluationMemory(program: LoweredProgram, inputs: TrainingInputs, device: DeviceName): GraphMemory {
  const { vaeScaleFactor } = inputs.model.vae.architecture;
  const ofSize = (bucket: readonly [number, number]) => {
    const [width, height] = bucket.map((side) => side / vaeScaleFactor) as [number, number];
    const batch = Math.min(evaluatedItems, itemsAtOnce(bucket, device));
    return program.memory(named({ batch, width, height, vectors: 1 }));
  };
  const memories = inputs.group.datasets.flatMap(({ buckets }) => buckets.map(({ resolution }) => ofSize(resolution)));
  const most = memories.reduce((a, b) => (b.results > a.results ? b : a));
  return device === "cpu" ? { ...most, weights: 0 } : most;
}

/** Memory of a process with these programs loaded, after each has run. pictures: bytes of images and latents. */
export function memoryWith(programs: readonly GraphMemory[], pictures = 0): MemoryEstimate {
  const sum = (part: keyof GraphMemory) => programs.reduce((total, program) => total + program[part], 0);
  const [weights, copies, results] = [sum("weights"), slack.copies * sum("copies"), slack.results * sum("results")];
  return { peak: processBytes + weights + copies + results + pictures, weights, copies, results, pictures };
}

/** The micro-batch with the most pixels. */
function largestBatch({ group }: TrainingInputs): { batch: number; width: number; height: number } {
  const batches = group.datasets.flatMap(({ plan, buckets }) =>
    buckets.map(({ resolution: [width, height], images }) => ({
      batch: Math.min(plan.batchSize, images.length),
      width,
      height,
    })),
  );
  const pixels = ({ batch, width, height }: (typeof batches)[number]) => batch * width * height;
  return batches.reduce((most, entry) => (pixels(entry) > pixels(most) ? entry : most));
}

function named(sizes: Readonly<Record<string, number>>): ReadonlyMap<string, number> {
  return new Map(Object.entries(sizes));
}

/** Rate of whole networks as a share of that of single large operations, measured on models of SD1.5's, SD2's and SDXL's size on CPUs. */
const usualShare = 0.8;

/** Seconds that a network's floating point operations take. Undisturbed, convolutions and matrix products are about equally fast, so the better rate is used. */
export function secondsOf(flops: number, { convolution, matrix }: DeviceRate): number {
  return flops / (usualShare * Math.max(convolution, matrix));
}

/** Mean floating point operations of evaluations per optimizer step. */
function evaluationFlopsPerStep(
  { graph: { squaredErrorSums } }: LoweredMicroStep,
  settings: TrainSettings,
  { group, model }: TrainingInputs,
  { runtime }: ComputingDevice,
): number {
  const interval = evaluationInterval(settings, runtime.device);
  if (interval === undefined) return 0;
  const { vaeScaleFactor } = model.vae.architecture;
  const flops = learnedImages(group).map(({ bucket }) => {
    const [width, height] = bucket.map((side) => side / vaeScaleFactor) as [number, number];
    return countFlops([squaredErrorSums], named({ batch: 1, width, height, vectors: 1 }));
  });
  return (mean(flops) * evaluatedItems) / interval;
}

function estimateFlops(
  { graph: { lossSums, tokenGradients } }: LoweredMicroStep,
  { gradientAccumulationSteps }: TrainSettings,
  { group, model, length }: TrainingInputs,
): number {
  const { vaeScaleFactor } = model.vae.architecture;
  const flops = group.datasets.flatMap(({ plan, buckets }) =>
    buckets.map(({ resolution: [width, height], images }) => {
      const sizes = named({
        batch: plan.batchSize,
        width: width / vaeScaleFactor,
        height: height / vaeScaleFactor,
        vectors: 1,
      });
      return countFlops([lossSums, ...tokenGradients], sizes) * Math.ceil(images.length / plan.batchSize);
    }),
  );
  const perMicroStep = flops.reduce((sum, value) => sum + value, 0) / length.batchesPerEpoch;
  return perMicroStep * gradientAccumulationSteps;
}
