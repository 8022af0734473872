import type { Family, PredictionType } from "../checkpoint/index.ts";
import type { DownloadEvent } from "../hub/index.ts";
import type { Stage, StepEvent } from "./request.ts";

/** Everything that happens while a command line's pictures are drawn, in order. */
export type GenerationRunEvent =
  | DownloadEvent
  /** The model was opened. */
  | {
      readonly kind: "model";
      readonly path: string;
      readonly family: Family;
      readonly familyReason: string;
      readonly predictionType: PredictionType;
      /** Why the prediction type is what it is. */
      readonly predictionReason: string;
    }
  /** A learned word can be used in prompts: tokens S, S1, ... */
  | { readonly kind: "embedding"; readonly file: string; readonly word: string; readonly tokens: readonly string[] }
  /** All is checked; drawing begins. */
  | {
      readonly kind: "start";
      readonly device: string;
      /** undefined where prompts are typed one after another. */
      readonly pictures: number | undefined;
      readonly batches: number | undefined;
      readonly folder: string;
    }
  /** The next prompt is waited for. */
  | { readonly kind: "asking" }
  /** A prompt was typed; its pictures are drawn next, numbered from 1. */
  | { readonly kind: "prompt"; readonly text: string; readonly seeds: readonly number[] }
  | BatchStepEvent
  /** What a batch is going to look like was written, over what was there before. */
  | (Omit<BatchStepEvent, "kind" | "latents"> & { readonly kind: "preview"; readonly file: string })
  /** A picture was written. */
  | {
      readonly kind: "saved";
      readonly file: string;
      /** Number of the picture in the run, from 1. */
      readonly picture: number;
      readonly pictures: number;
      readonly stage: Stage;
      readonly prompt: string;
      readonly seed: number;
    }
  /** All pictures were written as one, small. */
  | { readonly kind: "sheet"; readonly file: string; readonly pictures: number }
  /** Something odd that does not stop the run; code names the kind. */
  | { readonly kind: "warning"; readonly code: string; readonly message: string }
  | { readonly kind: "done"; readonly files: readonly string[]; readonly folder: string; readonly seconds: number };

/** A sampling step of a batch. */
export interface BatchStepEvent extends Omit<StepEvent, "indices"> {
  /** Number of the batch's first picture in the run, from 1. */
  readonly picture: number;
  /** Pictures in the batch. */
  readonly inBatch: number;
  /** Pictures in the run. */
  readonly pictures: number;
}
