import type { TrainSettings } from "../../options/index.ts";
import type { LoweredProgram, Program } from "../../runtime/index.ts";
import { maxTokenLengthOf } from "../diagnostics/placeholder-reader.ts";
import { evaluationInterval } from "../evaluation/timing.ts";
import type { ComputingDevice } from "../setup/device.ts";
import type { TrainingInputs } from "../setup/inputs.ts";
import type { MicroStepContext, SampleContext } from "./micro-step.ts";
import type { MicroStepGraph } from "./micro-step-graph.ts";
import { hasMasks, lowerMicroStep, type MicroStepPlan, microStepPlan } from "./micro-step-plan.ts";

/** A micro-step loaded on a device. */
export interface LoadedMicroStep {
  readonly sampleContext: SampleContext;
  readonly microStepContext: MicroStepContext;
  /** The forward pass alone, for evaluations: computes `squaredErrorSums`. */
  readonly evaluation: Program | undefined;
}

/** The micro-step of a run, lowered for a device: one graph for all buckets, which can be measured and then loaded. */
export class LoweredMicroStep {
  readonly plan: MicroStepPlan;
  readonly #context: Omit<MicroStepContext, "program">;
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
    this.plan = microStepPlan(settings, inputs);
    const { graph, program, context } = lowerMicroStep(this.plan, inputs.model, runtime, computeDtype);
    this.#context = context;
    // evaluations are rare: their memory goes back to the system, for training
    const options = { computeDtype, withoutArena: true };
    this.#lowered = {
      graph,
      program,
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

  /** The forward pass alone, if the settings ask for evaluations. It shares the weights. */
  get evaluation(): LoweredProgram | undefined {
    return this.#current.evaluation;
  }

  /** Loads the micro-step on its device, once: the graph is dropped, since training needs its memory.
   *  vae: encodes images without cached latents. */
  async load(vae?: SampleContext["vae"]): Promise<LoadedMicroStep> {
    const loading = this.program.load();
    const loadingEvaluation = this.evaluation?.load();
    this.#lowered = undefined;
    const [program, evaluation] = [await loading, await loadingEvaluation];
    this.#loaded = evaluation ? [program, evaluation] : [program];
    const { sampleContext, microStepContext } = this.#contexts(vae);
    return { sampleContext, microStepContext: { ...microStepContext, program }, evaluation };
  }

  /** Loads only the forward pass on its device, if the settings ask for evaluations. */
  async loadEvaluation(vae: SampleContext["vae"]) {
    const evaluation = await this.evaluation!.load();
    this.#lowered = undefined;
    this.#loaded = [evaluation];
    return { ...this.#contexts(vae), evaluation };
  }

  #contexts(vae: SampleContext["vae"]) {
    const { model, placeholder, group } = this.#inputs;
    const maxTokenLength = maxTokenLengthOf(this.#settings);
    return {
      sampleContext: { model, placeholder, maxTokenLength, vae, hasMask: hasMasks(group) },
      microStepContext: this.#context,
    };
  }

  /** Closes the loaded programs. */
  async close(): Promise<void> {
    for (const program of this.#loaded) await program.close();
    this.#loaded = [];
  }

  get #current() {
    if (!this.#lowered) throw new Error("the micro-step is loaded already, and its graph dropped");
    return this.#lowered;
  }
}
