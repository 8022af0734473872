import type { ModelFamily } from "../models/index.ts";
import { sizeFrom } from "./image-to-image.ts";
import type { PictureRequest, Sampling } from "./request.ts";

/** The sampling that a request leaves open, as sd-scripts' generator and its previews have it. */
export function samplingOf(request: PictureRequest, family: ModelFamily): Sampling {
  const { flavour = "generation", source } = request;
  const isPreview = flavour === "preview";
  const isSdxl = family === "sdxl";
  const side = isSdxl && !isPreview ? 1024 : 512;
  const [width, height] = source ? sizeFrom(source.picture) : [side, side];
  return {
    flavour,
    width: request.width ?? width,
    height: request.height ?? height,
    steps: request.steps ?? (isPreview ? 30 : 50),
    sampler: request.sampler ?? "ddim",
    guidanceScale: request.guidanceScale ?? 7.5,
    negativeScale: request.negativeScale,
    // differs from sd-scripts: its newer script leaves out one more layer of SD2's text encoder than the model was trained with, unless told otherwise
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
