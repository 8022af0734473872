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

/** Inputs shared by the micro-batches of one optimizer step. */
export interface StepInputs {
  /** Steps done before this one. */
  readonly step: number;
  /** [vectors, width] per text encoder; unchanged until the step is done. */
  readonly embeddings: readonly NdArray<Float32Array>[];
  /** Micro-batches draw from them in order. */
  readonly generators: Generators;
  /** Micro-batches of a full step. */
  readonly accumulationSteps: number;
  readonly lossScale: number | undefined;
}

/** Output of running a step. */
export type RunnerOutput =
  | { readonly kind: "computed"; readonly index: number; readonly result: MicroStepResult }
  /** Cost of the step, after its last result. */
  | { readonly kind: "figures"; readonly figures: ClusterFigures }
  | ClusterEvent;

/** Computes the micro-batches of optimizer steps. Draws noise and timesteps of each before it takes the next, so the order of random numbers is always the same.
 *  Results may come in any order: the loop sums them by index. */
export interface MicroBatchRunner {
  run(step: StepInputs, batches: AsyncIterable<MicroStepSamples>): AsyncIterable<RunnerOutput>;
  /** Has sample images drawn on other machines. */
  readonly drawer?: ImageDrawer | undefined;
  close(): Promise<void>;
}

/** A run whose micro-batches other machines will compute. */
export interface RunnerContext {
  readonly settings: TrainSettings;
  readonly checkpoint: Checkpoint;
  readonly model: DiffusionModel;
  /** Learned vectors per text encoder. */
  readonly vectors: number;
  readonly seed: number;
  /** Steps of the whole run. */
  readonly steps: number;
  /** For building the same graph on another machine. */
  readonly plan: MicroStepPlan;
  /** Digest of the plan's graph. */
  readonly graph: string;
  readonly runtime: Runtime;
  /** For drawing sample images; undefined if there are none. */
  readonly samples: { readonly predictionType: PredictionType } | undefined;
  /** Whether a step also depends on gradients at ordinary tokens. */
  readonly usesFrozenRows: boolean;
  /** The micro-step as loaded on this machine. */
  readonly local: MicroStepContext;
  /** All training images as samples, one at a time, also mirrored, with arbitrary captions. */
  readonly images: () => AsyncIterable<MicroStepSamples>;
  /** Aborted when the run is to stop after the current step. */
  readonly signal: { readonly aborted: boolean } | undefined;
}

/** A run whose images other machines will encode before its first step. */
export interface EncodingContext
  extends Pick<RunnerContext, "settings" | "checkpoint" | "model" | "runtime" | "signal"> {
  /** Encodes images of one size on this machine. */
  readonly here: EncodePictures;
}

export type EncodePictures = (pictures: readonly Picture[]) => Promise<LatentDistribution>;

/** Encodes images on many machines. */
export interface SharedEncoder {
  encode: EncodePictures;
  /** Batches to pass at a time. */
  readonly atOnce: number;
  /** Call before the first images. images: how many will follow. */
  expect(images: number): void;
  /** Events since the last call. */
  news(): Iterable<ClusterEvent>;
  /** Call after the last image: this machine encodes no more, and workers wait for the first step. */
  finish(): Promise<void>;
  /** Call once the run's runner is open, or the run has failed. */
  close(): Promise<void>;
}

/** Shares a run among machines: its images before the first step, then its micro-batches. */
export interface RunSharing {
  openEncoder(context: EncodingContext): SharedEncoder;
  openRunner(context: RunnerContext): Promise<MicroBatchRunner>;
}

/** Computes on this machine, one micro-batch after another. */
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
