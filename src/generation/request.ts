import type { NdArray } from "../array/index.ts";
import type { SamplerName } from "../diffusion/index.ts";
import type { Picture } from "../pictures/index.ts";
import type { WeightNormalization } from "./conditioning/weighted-states.ts";

/** Which of sd-scripts' two programs is followed: its generator, or the sample images during training, which differ in text, samplers and defaults. */
export type Flavour = "generation" | "preview";

/** What SDXL is told about a picture's origin, in pixels. Unset: the size drawn, and crops of 0. */
export interface SizeConditions {
  readonly originalWidth?: number | undefined;
  readonly originalHeight?: number | undefined;
  /** For the negative prompt; as the positive unless set. */
  readonly originalWidthNegative?: number | undefined;
  readonly originalHeightNegative?: number | undefined;
  readonly cropTop?: number | undefined;
  readonly cropLeft?: number | undefined;
}

/** Changes of the start noise, each made with a probability and a strength drawn between two numbers. */
export interface StartNoise {
  readonly pyramid?: { readonly probability: number; readonly discountRange: readonly [number, number] } | undefined;
  readonly offset?: { readonly probability: number; readonly range: readonly [number, number] } | undefined;
}

/** Draws small first, enlarges, and draws on. */
export interface HighresFix {
  /** Size of the first picture relative to the final one. */
  readonly scale: number;
  readonly steps: number;
  /** Strength of the first stage where it starts from a picture; as that of the second unless set. */
  readonly strength?: number | undefined;
  readonly upscale: "picture" | "latents";
  /** Whether the small pictures are given out too; not with latents. */
  readonly keepsFirst: boolean;
}

/** How pictures are drawn: all that the pictures of a batch share. */
export interface Sampling {
  readonly flavour: Flavour;
  /** Multiples of 8 pixels. */
  readonly width: number;
  readonly height: number;
  readonly steps: number;
  readonly sampler: SamplerName;
  /** Up to 1: no guidance, and the negative prompt plays no part. */
  readonly guidanceScale: number;
  /** A guidance of its own away from the negative prompt; then the empty prompt is where guidance starts. */
  readonly negativeScale?: number | undefined;
  /** Hidden state of the text encoder, counted from the end; unset: the last, SDXL the one before. */
  readonly clipSkip?: number | undefined;
  /** Longest prompt in chunks of 75 tokens. */
  readonly maxEmbeddingsMultiples: number;
  readonly weightNormalization: WeightNormalization;
  readonly sizeConditions?: SizeConditions | undefined;
  readonly startNoise?: StartNoise | undefined;
  /** How much of a picture to start from is drawn anew, 0 to 1. */
  readonly strength: number;
  /** Begin at exactly the step the strength says, not one later. */
  readonly forceZeroStepsOffset?: boolean | undefined;
  readonly highres?: HighresFix | undefined;
  /** Pictures the VAE takes at once; below 1 a share of the batch; unset: all. */
  readonly vaeBatchSize?: number | undefined;
  /** Bands of a picture the VAE works on one after another to save memory; unset: as many as its size calls for. */
  readonly vaeSlices?: number | undefined;
}

/** Where a picture starts from instead of pure noise. */
export interface Source {
  readonly picture: Picture;
  /** White is drawn anew, black is kept. Same size as the picture. */
  readonly mask?: Picture | undefined;
}

/** One picture to draw. */
export interface PictureOrder {
  readonly prompt: string;
  readonly negativePrompt: string;
  readonly seed: number;
  readonly source?: Source | undefined;
}

/** Pictures drawn together. */
export interface PictureBatch {
  readonly sampling: Sampling;
  readonly pictures: readonly PictureOrder[];
}

/** What to draw, as a caller asks for it; everything but the prompt has a default. */
export interface PictureRequest extends Readonly<{ [Name in keyof Sampling]?: Sampling[Name] | undefined }> {
  readonly prompt: string;
  readonly negativePrompt?: string | undefined;
  /** Of one picture the seed itself; several draw theirs from it. Unset: random. */
  readonly seed?: number | undefined;
  readonly source?: Source | undefined;
  /** Number of pictures. */
  readonly images?: number | undefined;
  /** Pictures computed at once. */
  readonly batchSize?: number | undefined;
}

/** Everything a drawn picture came from, but for model and words. */
export interface PictureParameters extends Omit<PictureOrder, "source"> {
  readonly sampling: Sampling;
  /** Of the picture given out, which highres fix makes differ. */
  readonly width: number;
  readonly height: number;
  readonly steps: number;
}

export type Stage = "final" | "first";

export type GenerationEvent =
  | StepEvent
  | PreviewEvent
  | {
      readonly kind: "image";
      /** Number of the picture in the batch or request. */
      readonly index: number;
      /** "first": the small picture of a highres fix. */
      readonly stage: Stage;
      readonly picture: Picture;
      readonly parameters: PictureParameters;
    }
  | { readonly kind: "warning"; readonly message: string }
  | { readonly kind: "done"; readonly images: number };

/** A sampling step is done. */
export interface StepEvent {
  readonly kind: "step";
  /** From 1. */
  readonly step: number;
  /** Steps to make, fewer than asked for when a picture is started from. */
  readonly steps: number;
  readonly stage: Stage;
  /** Numbers of the pictures worked on. */
  readonly indices: readonly number[];
  /** Where they stand, still noisy: [B, 4, h, w]. */
  readonly latents: NdArray<Float32Array>;
}

/** How pictures on the way are going to look, as far as can be seen. */
export interface PreviewEvent extends Omit<StepEvent, "kind" | "latents"> {
  readonly kind: "preview";
  readonly previews: readonly Picture[];
}
