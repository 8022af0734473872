import type { NdArray } from "../array/index.ts";
import type { SamplerName } from "../diffusion/index.ts";
import type { ModelFamily } from "../models/index.ts";
import type { VaeShares } from "../networks/index.ts";
import type { Picture, Size } from "../pictures/index.ts";
import { PythonRandom } from "../random/index.ts";

/** Which part of sd-scripts to follow: the generator script, or sample images during training; they differ in text encoding, samplers and defaults. */
export type Compatibility = "generation" | "preview";

/** What is preserved of a prompt's states when its words are weighted:
 *  "original": their mean; "abs": the mean of their absolute values; "none": nothing. */
export type WeightNormalization = "original" | "abs" | "none";

/** SDXL's size conditioning, in pixels (default: the generated size, and crops of 0). */
export interface SizeConditions {
  readonly originalWidth?: number | undefined;
  readonly originalHeight?: number | undefined;
  /** For the negative prompt (default: as for the positive). */
  readonly originalWidthNegative?: number | undefined;
  readonly originalHeightNegative?: number | undefined;
  readonly cropTop?: number | undefined;
  readonly cropLeft?: number | undefined;
}

/** Changes to the initial noise, each with a probability and a strength drawn from a range. */
export interface StartNoise {
  readonly pyramid?: { readonly probability: number; readonly discountRange: readonly [number, number] } | undefined;
  readonly offset?: { readonly probability: number; readonly range: readonly [number, number] } | undefined;
}

/** Two passes: a small image, which is enlarged and becomes the init image of the final one. */
export interface HighresFix {
  /** Size of the first pass relative to the final one. */
  readonly scale: number;
  readonly steps: number;
  /** Strength of the first pass with an init image (default: that of the final pass). */
  readonly strength?: number | undefined;
  readonly upscale: "picture" | "latents";
  /** Whether to yield the small images as well; not with latents. */
  readonly keepsFirst: boolean;
}

/** Sampling settings, shared by the images of a batch. */
export interface Sampling extends VaeShares {
  readonly compatibility: Compatibility;
  /** Multiples of 8 pixels. */
  readonly width: number;
  readonly height: number;
  readonly steps: number;
  readonly sampler: SamplerName;
  /** At most 1: no guidance, and the negative prompt has no effect. */
  readonly guidanceScale: number;
  /** Separate scale of the guidance away from the negative prompt; guidance then starts from the empty prompt. */
  readonly negativeScale?: number | undefined;
  /** Hidden state of the text encoder, counted from the end (default: the last; SDXL: the second to last). */
  readonly clipSkip?: number | undefined;
  /** Longest prompt in chunks of 75 tokens. */
  readonly maxEmbeddingsMultiples: number;
  readonly weightNormalization: WeightNormalization;
  readonly sizeConditions?: SizeConditions | undefined;
  readonly startNoise?: StartNoise | undefined;
  /** How much of an init image is regenerated, 0 to 1. */
  readonly strength: number;
  /** Start at exactly the step of the strength, not one later. */
  readonly forceZeroStepsOffset?: boolean | undefined;
  readonly highres?: HighresFix | undefined;
}

/** An image to start from instead of pure noise. */
export interface InitImage {
  readonly picture: Picture;
  /** White is regenerated, black is kept. Same size as the image. */
  readonly mask?: Picture | undefined;
}

/** One image to generate. */
export interface ImageRequest {
  readonly prompt: string;
  readonly negativePrompt: string;
  readonly seed: number;
  readonly init?: InitImage | undefined;
}

/** Images generated together. Either all have init images, or none. */
export interface ImageBatch {
  readonly sampling: Sampling;
  readonly images: readonly ImageRequest[];
  /** Number of the first image in the caller's count, for events (default 0). */
  readonly firstIndex?: number | undefined;
}

/** A batch for one pass of the sampler. */
export interface SamplingPass extends ImageBatch {
  /** Default: "final". */
  readonly pass?: Pass | undefined;
  /** Latents to start from instead of encoded init images: [B,4,h,w]. */
  readonly initLatents?: NdArray<Float32Array> | undefined;
}

/** A caller's request; everything but the prompt has a default. */
export interface GenerationRequest extends Readonly<{ [Name in keyof Sampling]?: Sampling[Name] | undefined }> {
  readonly prompt: string;
  readonly negativePrompt?: string | undefined;
  /** Seed of a single image, or the seed that several images' seeds are drawn from (default: random). */
  readonly seed?: number | undefined;
  readonly init?: InitImage | undefined;
  /** Number of images. */
  readonly images?: number | undefined;
  /** Images computed at once. */
  readonly batchSize?: number | undefined;
}

/** Everything that an image depends on except model and embeddings. */
export interface ImageParameters extends Omit<ImageRequest, "init"> {
  readonly sampling: Sampling;
  /** Size of the finished image; the passes of a highres fix have other sizes. */
  readonly width: number;
  readonly height: number;
  readonly steps: number;
}

/** Pass of a highres fix: "first" makes the small images, "final" the requested ones. */
export type Pass = "first" | "final";

export type GenerationEvent =
  | SamplingStepEvent
  | {
      readonly kind: "image";
      /** Number of the image in the request. */
      readonly index: number;
      readonly pass: Pass;
      readonly picture: Picture;
      readonly parameters: ImageParameters;
    }
  | { readonly kind: "warning"; readonly message: string }
  | { readonly kind: "done"; readonly images: number };

/** A sampling step is done. */
export interface SamplingStepEvent {
  readonly kind: "step";
  /** Counted from 1. */
  readonly step: number;
  /** Steps of this pass; with an init image, fewer than requested. */
  readonly steps: number;
  readonly pass: Pass;
  /** Numbers of the batch's images. */
  readonly indices: readonly number[];
  /** Current latents, still noisy: [B,4,h,w]. */
  readonly latents: NdArray<Float32Array>;
  /** Predicted noise-free latents; decoded, they are a preview. */
  readonly predictedOriginal: () => NdArray<Float32Array>;
}

/** The sampling of a request, with the defaults of sd-scripts' generator script or sample images. */
export function samplingOf(request: GenerationRequest, family: ModelFamily): Sampling {
  const { compatibility = "generation", init } = request;
  const isPreview = compatibility === "preview";
  const isSdxl = family === "sdxl";
  const side = isSdxl && !isPreview ? 1024 : 512;
  const [width, height] = init ? initImageSize(init.picture) : [side, side];
  return {
    compatibility,
    width: request.width ?? width,
    height: request.height ?? height,
    steps: request.steps ?? (isPreview ? 30 : 50),
    sampler: request.sampler ?? "ddim",
    guidanceScale: request.guidanceScale ?? 7.5,
    negativeScale: request.negativeScale,
    // differs from sd-scripts: without --clip_skip, gen_img.py skips one layer of SD2's text encoder more than the model was trained with.
    // coinage: the default is the hidden state that the model was trained with.
    // because: gen_img_diffusers.py and the training script use that one, too.
    clipSkip: isPreview && isSdxl ? undefined : request.clipSkip,
    maxEmbeddingsMultiples: request.maxEmbeddingsMultiples ?? (isPreview && !isSdxl ? 3 : 1),
    weightNormalization: request.weightNormalization ?? "original",
    sizeConditions: request.sizeConditions,
    startNoise: request.startNoise,
    strength: request.strength ?? 0.8,
    forceZeroStepsOffset: request.forceZeroStepsOffset,
    highres: request.highres,
    vaeBatchSize: request.vaeBatchSize,
    vaeSlices: request.vaeSlices,
  };
}

/** Sides of init images are rounded down to multiples of this many pixels. */
const sideStep = 32;

/** The size of an image generated from an init image: the init image's, rounded down. */
export function initImageSize({ width, height }: Pick<Picture, "width" | "height">): Size {
  return [width - (width % sideStep), height - (height % sideStep)];
}

/** The images of a request in batches, each with its seed. */
export function* batchesOf(request: GenerationRequest, family: ModelFamily): Generator<ImageBatch, void> {
  const { images = 1, batchSize = 1, prompt, negativePrompt = "", init } = request;
  const sampling = samplingOf(request, family);
  const nextSeed = seedSource(request.seed, images);
  for (let firstIndex = 0; firstIndex < images; firstIndex += batchSize) {
    const count = Math.min(batchSize, images - firstIndex);
    const batch = Array.from({ length: count }, () => ({ prompt, negativePrompt, seed: nextSeed(), init }));
    yield { sampling, images: batch, firstIndex };
  }
}

/** Returns the next seed. */
export type SeedSource = () => number;

const largestSeed = 2 ** 32 - 1;

/** Seeds of a run's images: drawn from Python's generator with the given seed, or at random without one.
 *  differs from sd-scripts: with --prompt, the seed of a single image is drawn from the one that --seed gives.
 *  coinage: a single image is generated with the given seed itself.
 *  because: the documentation of sd-scripts promises so. */
export function seedSource(seed: number | undefined, images: number): SeedSource {
  if (seed !== undefined && images === 1) return () => seed;
  const random = new PythonRandom(seed);
  return () => random.randint(0, largestSeed);
}
