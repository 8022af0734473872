import { encoderOutputs } from "../generation/index.ts";
import { countFlops, type GraphMemory } from "../graph/index.ts";
import { vaeBands } from "../models/index.ts";
import type { TrainSettings } from "../options/index.ts";
import { type DeviceName, type DeviceRate, programMemory } from "../runtime/index.ts";
import { graphOf, microStepOptions } from "./load-micro-step.ts";
import { microStepOutputs } from "./micro-step.ts";
import type { MicroStepGraph } from "./micro-step-graph.ts";
import { productsOn } from "./precision.ts";
import type { Preparation } from "./prepare.ts";

/** Memory of a run, in bytes. */
export interface ExpectedMemory {
  /** The most of it at any time, sample pictures left out. */
  readonly peak: number;
  /** Of the peak: weights that lie in files. The system may drop and read them again. */
  readonly weights: number;
  /** Of the peak: copies of weights. */
  readonly copies: number;
  /** Of the peak: results of the networks. */
  readonly results: number;
}

export interface Expectation {
  readonly memory: ExpectedMemory;
  /** Time of an optimizer step, the mean over an epoch. */
  readonly secondsPerStep: number;
}

/** What Node, ONNX Runtime and a graph of some thousand nodes take by themselves. */
const processBytes = 300e6;
/** What the allocator takes beyond what is asked of it, as measured on models of SD1.5's, SD2's and SDXL's size. */
const slack = { copies: 1.4, results: 1.35 };

/** What a run will take on a device, from its graph and the device's measured rate. */
export function expectRun(
  settings: TrainSettings,
  preparation: Preparation,
  device: DeviceName,
  rate: DeviceRate,
): Expectation {
  const graph = graphOf(settings, preparation);
  return {
    memory: expectedMemory(graph, settings, preparation, device),
    secondsPerStep: expectedSeconds(graph, settings, preparation, rate),
  };
}

function expectedMemory(
  graph: MicroStepGraph,
  settings: TrainSettings,
  preparation: Preparation,
  device: DeviceName,
): ExpectedMemory {
  const { model } = preparation;
  const { factor } = model.vae.architecture;
  const { batch, width, height } = largestBatch(preparation);
  const step = programMemory(
    microStepOutputs(graph),
    named({ batch, width: width / factor, height: height / factor, vectors: settings.numVectorsPerToken }),
    device,
    microStepOptions(settings, productsOn(device, settings)),
  );
  const pictures = settings.cacheLatents ? Math.min(settings.vaeBatchSize, batch) : batch;
  const bands = vaeBands(height / factor, width / factor);
  const encoder = programMemory(encoderOutputs(model, bands), named({ batch: pictures, width, height }), device);
  // where latents are cached, the encoder is gone before the first step
  const phases = settings.cacheLatents ? [[encoder], [step]] : [[encoder, step]];
  return phases.map(memoryWith).reduce((most, phase) => (phase.peak > most.peak ? phase : most));
}

/** Memory of a process with these programs loaded, each of which has run. */
export function memoryWith(programs: readonly GraphMemory[]): ExpectedMemory {
  const sum = (part: keyof GraphMemory) => programs.reduce((total, program) => total + program[part], 0);
  const [weights, copies, results] = [sum("weights"), slack.copies * sum("copies"), slack.results * sum("results")];
  return { peak: processBytes + weights + copies + results, weights, copies, results };
}

/** Width and height in pixels of the micro-batch with the most of them. */
function largestBatch({ group }: Preparation): { batch: number; width: number; height: number } {
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

/** Share of the rate of single large operations that whole networks reach, as measured on SD1.5 at 512x512. */
const usualShare = 0.7;

function expectedSeconds(
  { lossSums, tokenGradients }: MicroStepGraph,
  { gradientAccumulationSteps }: TrainSettings,
  { group, model, length }: Preparation,
  { convolution, matrix }: DeviceRate,
): number {
  const { factor } = model.vae.architecture;
  const flops = group.datasets.flatMap(({ plan, buckets }) =>
    buckets.map(({ resolution: [width, height], images }) => {
      const sizes = named({ batch: plan.batchSize, width: width / factor, height: height / factor, vectors: 1 });
      return countFlops([lossSums, ...tokenGradients], sizes) * Math.ceil(images.length / plan.batchSize);
    }),
  );
  const perMicroStep = flops.reduce((sum, value) => sum + value, 0) / length.batchesPerEpoch;
  return (perMicroStep * gradientAccumulationSteps) / (usualShare * Math.min(convolution, matrix));
}
