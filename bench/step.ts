import { arrayOf } from "../src/array/index.ts";
import { openCheckpoint } from "../src/checkpoint/index.ts";
import { noiseSchedule, seededGenerators } from "../src/diffusion/index.ts";
import { countFlops } from "../src/graph/index.ts";
import { diffusionModel } from "../src/models/index.ts";
import type { ComputeDtype, Program, Runtime } from "../src/runtime/index.ts";
import { memoryWith } from "../src/training/estimate/estimate.ts";
import { LossScale } from "../src/training/loop/loss-scale.ts";
import { microStep, microStepOutputs } from "../src/training/loop/micro-step.ts";
import type { MicroStepResult } from "../src/training/loop/micro-step-data.ts";
import { microStepGraph } from "../src/training/loop/micro-step-graph.ts";
import { availableBytes } from "../src/training/setup/device.ts";
import { gigabytes } from "./results.ts";

export interface StepSizes {
  /** Folder of the model. */
  readonly model: string;
  /** Pixels along each side. */
  readonly side: number;
  readonly batch: number;
  readonly gradientCheckpointing: boolean;
  readonly computeDtype: ComputeDtype;
}

/** A training micro-step that can be run repeatedly; its noise is the same on every device. */
export interface Step {
  readonly program: Program;
  /** Floating point operations. */
  readonly flops: number;
  /** Peak memory that `coinage plan` expects. */
  readonly plannedBytes: number;
  run(): Promise<MicroStepResult>;
}

/** Loads the micro-step of a model as training does, with one learned vector. */
export async function openStep(runtime: Runtime, sizes: StepSizes): Promise<Step> {
  const { side, batch, gradientCheckpointing, computeDtype } = sizes;
  const checkpoint = await openCheckpoint(sizes.model);
  const model = diffusionModel({ ...checkpoint, family: checkpoint.family.value });
  const latentSide = side / model.vae.architecture.vaeScaleFactor;
  const graph = microStepGraph(model, {
    ...{ chunks: 1, lossType: "l2", hasMask: false, gradientCheckpointing },
    nominal: { batch, height: latentSide, width: latentSide },
    multipleOf: 2 ** (model.unet.architecture.blockOutChannels.length - 1),
  });
  const atSizes = new Map(Object.entries({ batch, height: latentSide, width: latentSide, vectors: 1 }));
  const [outputs, options] = [microStepOutputs(graph), { withoutKernelCopies: gradientCheckpointing, computeDtype }];
  const lowered = runtime.lower(outputs, options);
  const plannedBytes = memoryWith([lowered.memory(atSizes)]).peak;
  const available = availableBytes(runtime.device);
  if (available !== undefined && plannedBytes > available)
    throw new Error(`would take ${gigabytes(plannedBytes)}; ${gigabytes(available)} are free`);
  const program = await lowered.load();
  const context = {
    ...{ model, program, schedule: noiseSchedule(), lossType: "l2" as const },
    options: {
      predictionType: checkpoint.predictionType.value,
      huberSchedule: "snr" as const,
      huberC: 0.1,
      huberScale: 1,
    },
  };
  const scales = {
    accumulationSteps: 1,
    lossScale: computeDtype === "float16" ? new LossScale().value : undefined,
  };
  const generators = seededGenerators(0);
  const rows = model.textEncoders.map(({ architecture: { width } }) =>
    arrayOf([1, width], new Float32Array(width).fill(0.01)),
  );
  const samples = {
    latents: generators.torch.randn([batch, 4, latentSide, latentSide]),
    tokenIds: rows.map(() => Array.from({ length: batch }, () => [caption])),
    priorLossWeights: new Array<number>(batch).fill(1),
    timeIds: model.family === "sdxl" ? new Array(batch).fill([side, side, 0, 0, side, side]) : undefined,
  };
  return {
    program,
    plannedBytes,
    flops: countFlops([graph.lossSums, ...graph.tokenGradients], atSizes),
    run: () => microStep(context, rows, samples, generators, scales),
  };
}

/** "a photo of a", the learned word, and the end of the text. */
const caption = [49406, 320, 1125, 539, 320, 49408, ...new Array<number>(71).fill(49407)];
