import { CoinageError } from "../errors/index.ts";
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
    clipSkip: isPreview && isSdxl ? undefined : request.clipSkip,
    maxEmbeddingsMultiples: request.maxEmbeddingsMultiples ?? (isPreview && !isSdxl ? 3 : 1),
    weightNormalization: request.weightNormalization ?? "original",
    sizeConditions: request.sizeConditions,
    startNoise: request.startNoise,
    strength: request.strength ?? 0.8,
    forceZeroStepsOffset: request.forceZeroStepsOffset,
    highres: request.highres,
    vaeBatchSize: request.vaeBatchSize,
  };
}

/** Samplers that can begin without any signal. */
const zeroSnrSamplers: readonly string[] = ["ddim", "euler", "k_euler", "euler_a", "k_euler_a", "dpmsolver++"];

/** @throws PICTURE_SIZE, SETTINGS_CONFLICT; factor: pixels to one latent */
export function checkSampling(sampling: Sampling, factor: number, hasZeroTerminalSnr: boolean): void {
  const { width, height, strength, sampler } = sampling;
  if (![width, height].every((side) => Number.isInteger(side) && side > 0 && side % factor === 0))
    throw new CoinageError("PICTURE_SIZE", `A picture of ${width} x ${height} pixels cannot be drawn.`, {
      hint: `Width and height are multiples of ${factor}.`,
    });
  if (!(strength >= 0 && strength <= 1))
    throw new CoinageError("SETTINGS_CONFLICT", `The strength ${strength} does not lie between 0 and 1.`);
  if (hasZeroTerminalSnr && !zeroSnrSamplers.includes(sampler))
    throw new CoinageError("SETTINGS_CONFLICT", `The sampler ${sampler} cannot begin at zero signal-to-noise ratio.`, {
      hint: `Take one of ${zeroSnrSamplers.join(", ")}, or leave out --zero_terminal_snr.`,
    });
}
