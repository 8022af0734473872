import type { Family } from "../checkpoint/index.ts";
import type { PredictionType } from "../diffusion/index.ts";
import type { DownloadEvent } from "../hub/index.ts";
import type { Pass, SamplingStepEvent } from "../pipeline/index.ts";
import type { GeneratedImage } from "./files/write.ts";

/** All events of a generation run, in order. */
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
  /** A learned word was loaded for prompts: tokens S, S1, ... */
  | {
      readonly kind: "embedding";
      /** Undefined for an embedding from memory. */
      readonly file: string | undefined;
      readonly word: string;
      readonly tokens: readonly string[];
    }
  /** Everything is checked; generation begins. */
  | {
      readonly kind: "start";
      readonly device: string;
      /** Undefined if prompts are typed one by one. */
      readonly pictures: number | undefined;
      readonly batches: number | undefined;
      /** Undefined if nothing is written. */
      readonly folder: string | undefined;
    }
  /** The run waits for the next prompt. */
  | { readonly kind: "asking" }
  /** A prompt was typed; its images come next, numbered from 1. */
  | { readonly kind: "prompt"; readonly text: string; readonly seeds: readonly number[] }
  | BatchStepEvent
  /** A preview of a batch was written, replacing the previous one. */
  | (PreviewOfBatch & { readonly kind: "preview"; readonly file: string })
  /** A preview of a batch, if nothing is written. */
  | (PreviewOfBatch & { readonly kind: "previewImages"; readonly images: readonly GeneratedImage[] })
  /** An image was written. */
  | (ImageOfRun & { readonly kind: "saved"; readonly file: string })
  /** An image was generated, if nothing is written. */
  | (ImageOfRun & { readonly kind: "image"; readonly image: GeneratedImage })
  /** A sheet with all images was written. */
  | { readonly kind: "sheet"; readonly file: string; readonly pictures: number }
  /** A problem that does not stop the run. code: its kind. */
  | { readonly kind: "warning"; readonly code: string; readonly message: string }
  | {
      readonly kind: "done";
      readonly files: readonly string[];
      readonly folder: string | undefined;
      readonly seconds: number;
    };

/** Progress of a batch. */
export type PreviewOfBatch = Omit<BatchStepEvent, "kind" | "latents">;

/** A generated image of a run. */
export interface ImageOfRun {
  /** Number of the image in the run, from 1. */
  readonly picture: number;
  /** Images in the run. */
  readonly pictures: number;
  /** "first": a small image of a highres fix. */
  readonly stage: Pass;
  readonly prompt: string;
  readonly seed: number;
}

/** A sampling step of a batch. */
export interface BatchStepEvent extends Pick<SamplingStepEvent, "kind" | "step" | "steps" | "latents"> {
  /** "first": of the small images of a highres fix. */
  readonly stage: Pass;
  /** Number of the batch's first image in the run, from 1. */
  readonly picture: number;
  /** Images in the batch. */
  readonly inBatch: number;
  /** Images in the run. */
  readonly pictures: number;
}
