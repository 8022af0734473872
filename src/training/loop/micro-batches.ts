import type { NdArray } from "../../array/index.ts";
import type { Checkpoint } from "../../checkpoint/index.ts";
import type { Generators, PredictionType } from "../../diffusion/index.ts";
import type { DiffusionModel } from "../../models/index.ts";
import type { LatentDistribution } from "../../networks/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import type { Picture } from "../../pictures/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import type { ClusterEvent, ClusterFigures } from "../events.ts";
import type { ImageDrawer } from "../output/image-drawer.ts";
import { type MicroStepContext, microStep } from "./micro-step.ts";
import type { MicroStepResult, MicroStepSamples } from "./micro-step-data.ts";
import type { MicroStepPlan } from "./micro-step-plan.ts";

/** What the micro-batches of one optimizer step share. */
export interface StepInputs {
  /** Steps done before this one. */
  readonly step: number;
  /** [vectors, width] per text encoder; they stay as they are until the step is done. */
  readonly embeddings: readonly NdArray<Float32Array>[];
  /** Every micro-batch draws from them, in order. */
  readonly generators: Generators;
  /** Micro-batches that a step usually has. */
  readonly accumulationSteps: number;
  readonly lossScale: number | undefined;
}

/** What comes of running a step. */
export type RunnerOutput =
  | { readonly kind: "computed"; readonly index: number; readonly result: MicroStepResult }
  /** What the step cost, once it is done. */
  | { readonly kind: "figures"; readonly figures: ClusterFigures }
  | ClusterEvent;

/** Computes the micro-batches of optimizer steps. It draws noise and timesteps of each before it takes the next, so the generators go on as they always do.
 *  Results may come in any order: the loop adds them by index. */
export interface MicroBatchRunner {
  run(step: StepInputs, batches: AsyncIterable<MicroStepSamples>): AsyncIterable<RunnerOutput>;
  /** Has sample images drawn elsewhere. */
  readonly drawer?: ImageDrawer | undefined;
  close(): Promise<void>;
}

/** A run whose micro-batches are to be computed elsewhere. */
export interface RunnerContext {
  readonly settings: TrainSettings;
  readonly checkpoint: Checkpoint;
  readonly model: DiffusionModel;
  /** Learned vectors per text encoder. */
  readonly vectors: number;
  readonly seed: number;
  /** Of the whole run. */
  readonly steps: number;
  /** Builds the same graph elsewhere. */
  readonly plan: MicroStepPlan;
  /** Equal where the graph of the plan is. */
  readonly graph: string;
  readonly runtime: Runtime;
  /** What is known of sample images, if such are to be drawn. */
  readonly samples: { readonly predictionType: PredictionType } | undefined;
  /** Whether a step depends on gradients at ordinary tokens, too. */
  readonly usesFrozenRows: boolean;
  /** The micro-step as it is loaded here. */
  readonly local: MicroStepContext;
  /** All images that are trained on, as samples, one at a time: mirrored ones as well, with any captions. */
  readonly images: () => AsyncIterable<MicroStepSamples>;
  /** Aborted when the run is to stop after the step under way. */
  readonly signal: { readonly aborted: boolean } | undefined;
}

/** A run whose images are to be encoded elsewhere, before it can be opened. */
export interface EncodingContext
  extends Pick<RunnerContext, "settings" | "checkpoint" | "model" | "runtime" | "signal"> {
  /** Encodes images of one size on this machine. */
  readonly here: EncodePictures;
}

export type EncodePictures = (pictures: readonly Picture[]) => Promise<LatentDistribution>;

/** Encodes images on many machines. */
export interface SharedEncoder {
  encode: EncodePictures;
  /** Batches that it takes at a time. */
  readonly atOnce: number;
  /** Called before the first images, with how many are to come. */
  expect(images: number): void;
  /** What was heard since it was asked last. */
  news(): Iterable<ClusterEvent>;
  /** Called after the last image: nothing is computed here any more, and workers wait for the first step. */
  finish(): Promise<void>;
  /** Called once the run is opened, or given up. */
  close(): Promise<void>;
}

/** Shares a run among machines: its images before the first step, then its micro-batches. */
export interface RunSharing {
  openEncoder(context: EncodingContext): SharedEncoder;
  openRunner(context: RunnerContext): Promise<MicroBatchRunner>;
}

/** Computes here, one micro-batch after the other. */
export function localRunner(context: MicroStepContext): MicroBatchRunner {
  return {
    async *run({ embeddings, generators, accumulationSteps, lossScale }, batches) {
      let index = 0;
      for await (const samples of batches) {
        const part = { accumulationSteps, index, lossScale };
        yield { kind: "computed", index, result: await microStep(context, embeddings, samples, generators, part) };
        index++;
      }
    },
    close: async () => {},
  };
}
