import type { NdArray } from "../array/index.ts";
import type { SamplerName } from "../diffusion/index.ts";
import type { ModelFamily } from "../models/index.ts";
import type { VaeShares } from "../networks/index.ts";
import type { Picture, Size } from "../pictures/index.ts";
import { PythonRandom } from "../random/index.ts";

/** Which of sd-scripts' two programs is followed: its generator script, or the sample images during training, which differ in text, samplers and defaults. */
export type Compatibility = "generation" | "preview";

/** How the norm of a prompt's states is kept when its words are weighted:
 *  "original" their mean, "abs" the mean of their absolute values, "none" not at all. */
export type WeightNormalization = "original" | "abs" | "none";

/** SDXL's size conditioning, in pixels. Unset: the size generated, and crops of 0. */
export interface SizeConditions {
  readonly originalWidth?: number | undefined;
  readonly originalHeight?: number | undefined;
  /** For the negative prompt; as the positive unless set. */
  readonly originalWidthNegative?: number | undefined;
  readonly originalHeightNegative?: number | undefined;
  readonly cropTop?: number | undefined;
  readonly cropLeft?: number | undefined;
}

/** Changes of the initial noise, each made with a probability and a strength drawn between two numbers. */
export interface StartNoise {
  readonly pyramid?: { readonly probability: number; readonly discountRange: readonly [number, number] } | undefined;
  readonly offset?: { readonly probability: number; readonly range: readonly [number, number] } | undefined;
}

/** Two passes: a small image first, which is enlarged and becomes the init image of the final one. */
export interface HighresFix {
  /** Size of the first pass relative to the final one. */
  readonly scale: number;
  readonly steps: number;
  /** Strength of the first pass where it has an init image; as that of the final pass unless set. */
  readonly strength?: number | undefined;
  readonly upscale: "picture" | "latents";
  /** Whether the small images are given out too; not with latents. */
  readonly keepsFirst: boolean;
}

/** How images are sampled: all that the images of a batch share. */
export interface Sampling extends VaeShares {
  readonly compatibility: Compatibility;
  /** Multiples of 8 pixels. */
  readonly width: number;
  readonly height: number;
  readonly steps: number;
  readonly sampler: SamplerName;
  /** Up to 1: no guidance, and the negative prompt has no effect. */
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
  /** How much of an init image is generated anew, 0 to 1. */
  readonly strength: number;
  /** Begin at exactly the step the strength says, not one later. */
  readonly forceZeroStepsOffset?: boolean | undefined;
  readonly highres?: HighresFix | undefined;
}

/** What an image starts from instead of pure noise. */
export interface InitImage {
  readonly picture: Picture;
  /** White is generated anew, black is kept. Same size as the image. */
  readonly mask?: Picture | undefined;
}

/** One image to generate. */
export interface ImageRequest {
  readonly prompt: string;
  readonly negativePrompt: string;
  readonly seed: number;
  readonly init?: InitImage | undefined;
}

/** Images generated together. They have init images all of them or none. */
export interface ImageBatch {
  readonly sampling: Sampling;
  readonly images: readonly ImageRequest[];
  /** Number of the first image in the caller's count, for events (default 0). */
  readonly firstIndex?: number | undefined;
}

/** A batch as one pass of the sampler gets it. */
export interface SamplingPass extends ImageBatch {
  /** "final" unless set. */
  readonly pass?: Pass | undefined;
  /** Latents to start from, in place of encoded init images: [B,4,h,w]. */
  readonly initLatents?: NdArray<Float32Array> | undefined;
}

/** What to generate, as a caller asks for it; everything but the prompt has a default. */
export interface GenerationRequest extends Readonly<{ [Name in keyof Sampling]?: Sampling[Name] | undefined }> {
  readonly prompt: string;
  readonly negativePrompt?: string | undefined;
  /** Seed of the one image, or the seed from which several draw theirs. Unset: random. */
  readonly seed?: number | undefined;
  readonly init?: InitImage | undefined;
  /** Number of images. */
  readonly images?: number | undefined;
  /** Images computed at once. */
  readonly batchSize?: number | undefined;
}

/** Everything an image came from, but for model and embeddings. */
export interface ImageParameters extends Omit<ImageRequest, "init"> {
  readonly sampling: Sampling;
  /** Size of the finished image; the passes of a highres fix have other sizes. */
  readonly width: number;
  readonly height: number;
  readonly steps: number;
}

/** Pass of a highres fix: "first" makes the small images, "final" those that were asked for. */
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
  /** Steps to make, fewer than asked for with an init image. */
  readonly steps: number;
  readonly pass: Pass;
  /** Numbers of the images worked on. */
  readonly indices: readonly number[];
  /** Where they are, still noisy: [B,4,h,w]. */
  readonly latents: NdArray<Float32Array>;
  /** The latents without noise as the network predicted them in this step; decoded, they are a preview. */
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

/** Init images are brought to multiples of this many pixels. */
const sideStep = 32;

/** The size at which an init image is generated anew: its own, rounded down. */
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

/** The next seed. */
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
