import type { DatasetGroup } from "../../dataset/index.ts";
import { noiseSchedule } from "../../diffusion/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import type { LoweredProgram, Program } from "../../runtime/index.ts";
import { chunkCount } from "../../tokenizer/index.ts";
import { maxTokenLengthOf } from "../diagnostics/placeholder-reader.ts";
import { evaluationInterval } from "../evaluation/timing.ts";
import type { ComputingDevice } from "../setup/device.ts";
import type { TrainingInputs } from "../setup/inputs.ts";
import { type MicroStepContext, microStepOutputs, type SampleContext } from "./micro-step.ts";
import { type MicroStepGraph, microStepGraph } from "./micro-step-graph.ts";

/** What turns batches into gradients, on a device. */
export interface LoadedMicroStep {
  readonly sampleContext: SampleContext;
  readonly microStepContext: MicroStepContext;
  /** The forward pass alone, for evaluations: computes `squaredErrorSums`. */
  readonly evaluation: Program | undefined;
}

/** The micro-step of a run, lowered for a device: one graph for all buckets, which can be measured and then loaded. */
export class LoweredMicroStep {
  readonly #settings: TrainSettings;
  readonly #inputs: TrainingInputs;
  #lowered:
    | {
        readonly graph: MicroStepGraph;
        readonly program: LoweredProgram;
        readonly evaluation: LoweredProgram | undefined;
      }
    | undefined;
  #loaded: readonly Program[] = [];

  constructor(settings: TrainSettings, inputs: TrainingInputs, { runtime, computeDtype }: ComputingDevice) {
    this.#settings = settings;
    this.#inputs = inputs;
    const graph = graphOf(settings, inputs);
    const withoutKernelCopies = settings.gradientCheckpointing || settings.lowram;
    // its results are few and far between: they go back to the system, for the training to have its memory
    const options = { computeDtype, withoutArena: true };
    this.#lowered = {
      graph,
      program: runtime.lower(microStepOutputs(graph), { withoutKernelCopies, computeDtype }),
      evaluation:
        evaluationInterval(settings, runtime.device) === undefined
          ? undefined
          : runtime.lower({ squaredErrorSums: graph.squaredErrorSums }, options),
    };
  }

  get graph(): MicroStepGraph {
    return this.#current.graph;
  }

  get program(): LoweredProgram {
    return this.#current.program;
  }

  /** The forward pass alone, where evaluations are asked for. It reads the same weights. */
  get evaluation(): LoweredProgram | undefined {
    return this.#current.evaluation;
  }

  /** Puts the micro-step on its device, once: the graph takes memory that training needs, so it is dropped.
   *  vae: encodes images whose latents are not cached. */
  async load(vae?: SampleContext["vae"]): Promise<LoadedMicroStep> {
    const loading = this.program.load();
    const loadingEvaluation = this.evaluation?.load();
    this.#lowered = undefined;
    const [program, evaluation] = [await loading, await loadingEvaluation];
    this.#loaded = evaluation ? [program, evaluation] : [program];
    const { sampleContext, microStepContext } = this.#contexts(vae);
    return { sampleContext, microStepContext: { ...microStepContext, program }, evaluation };
  }

  /** Puts the forward pass alone on its device, where evaluations are asked for. */
  async loadEvaluation(vae: SampleContext["vae"]) {
    const evaluation = await this.evaluation!.load();
    this.#lowered = undefined;
    this.#loaded = [evaluation];
    return { ...this.#contexts(vae), evaluation };
  }

  #contexts(vae: SampleContext["vae"]) {
    const { model, checkpoint, placeholder, group } = this.#inputs;
    const settings = this.#settings;
    return {
      sampleContext: { model, placeholder, maxTokenLength: maxTokenLengthOf(settings), vae, hasMask: hasMasks(group) },
      microStepContext: {
        model,
        schedule: noiseSchedule({ zeroTerminalSnr: settings.zeroTerminalSnr || checkpoint.hasZeroTerminalSnr }),
        lossType: settings.lossType,
        options: { ...settings, predictionType: checkpoint.predictionType.value },
      },
    };
  }

  /** Frees the memory of what was loaded. */
  async close(): Promise<void> {
    for (const program of this.#loaded) await program.close();
    this.#loaded = [];
  }

  get #current() {
    if (!this.#lowered) throw new Error("the micro-step is loaded already, and its graph dropped");
    return this.#lowered;
  }
}

function graphOf(settings: TrainSettings, { model, group, placeholder }: TrainingInputs): MicroStepGraph {
  const { vaeScaleFactor } = model.vae.architecture;
  const [width, height] = group.images
    .map(({ bucket }) => bucket)
    .reduce((largest, bucket) => (bucket[0] * bucket[1] > largest[0] * largest[1] ? bucket : largest));
  const halvings = 2 ** (model.unet.architecture.blockOutChannels.length - 1);
  const isEven = group.images.every(({ bucket }) => bucket.every((side) => side % (vaeScaleFactor * halvings) === 0));
  return microStepGraph(model, {
    chunks: chunkCount(settings.maxTokenLength),
    clipSkip: model.family === "sdxl" ? undefined : settings.clipSkip,
    layers: placeholder.layers?.length,
    lossType: settings.lossType,
    hasMask: hasMasks(group),
    gradientCheckpointing: settings.gradientCheckpointing,
    nominal: { batch: settings.trainBatchSize, height: height / vaeScaleFactor, width: width / vaeScaleFactor },
    multipleOf: isEven ? halvings : 1,
  });
}

/** Whether any image can bring a loss mask. */
function hasMasks({ datasets }: DatasetGroup): boolean {
  return datasets.some(({ subsets }) =>
    subsets.some(({ plan }) => plan.alphaMask || plan.conditioningDataDir !== undefined),
  );
}
