import { samplerName } from "../diffusion/index.ts";
import type { ModelFamily } from "../models/index.ts";
import type { GenerateSettings } from "../options/index.ts";
import { samplingOf } from "./defaults.ts";
import type { PlanSettings } from "./prompts/plan.ts";
import type { HighresFix, Sampling, StartNoise } from "./request.ts";

/** The sampling that the command line asks for; lines of prompts may change some of it. @throws SAMPLER_UNKNOWN */
export function commandLineSampling(settings: GenerateSettings, family: ModelFamily): Sampling {
  const { originalWidth, originalHeight, originalWidthNegative, originalHeightNegative, cropTop, cropLeft } = settings;
  const sizes = { originalWidth, originalHeight, originalWidthNegative, originalHeightNegative, cropTop, cropLeft };
  return samplingOf(
    {
      prompt: "",
      width: settings.width,
      height: settings.height,
      steps: settings.steps,
      sampler: samplerName(settings.sampler),
      guidanceScale: settings.guidanceScale,
      negativeScale: settings.negativeScale,
      clipSkip: settings.clipSkip,
      maxEmbeddingsMultiples: settings.maxEmbeddingsMultiples,
      weightNormalization: settings.embNormalizeMode,
      sizeConditions: sizes,
      startNoise: startNoise(settings),
      strength: settings.strength,
      forceZeroStepsOffset: settings.forceSchedulerZeroStepsOffset,
      highres: highresFix(settings),
      vaeBatchSize: settings.vaeBatchSize,
      vaeSlices: settings.vaeSlices,
    },
    family,
  );
}

/** What of the command line decides which pictures are drawn. */
export function planSettings(
  settings: GenerateSettings,
): Omit<PlanSettings, "sampling" | "sources" | "masks" | "words"> {
  const { seed, imagesPerPrompt, nIter, batchSize, shufflePrompts, iterSameSeed } = settings;
  return {
    ...{ seed, imagesPerPrompt, batchSize, iterSameSeed },
    iterations: nIter,
    shufflesPrompts: shufflePrompts,
  };
}

function startNoise(settings: GenerateSettings): StartNoise | undefined {
  const { pyramidNoiseProb, pyramidNoiseDiscountRange, noiseOffsetProb, noiseOffsetRange } = settings;
  const pyramid =
    pyramidNoiseProb && pyramidNoiseDiscountRange
      ? { probability: pyramidNoiseProb, discountRange: pyramidNoiseDiscountRange }
      : undefined;
  const offset =
    noiseOffsetProb && noiseOffsetRange ? { probability: noiseOffsetProb, range: noiseOffsetRange } : undefined;
  return pyramid || offset ? { pyramid, offset } : undefined;
}

function highresFix(settings: GenerateSettings): HighresFix | undefined {
  const { highresFixScale, highresFixSteps, highresFixStrength } = settings;
  if (!highresFixScale) return undefined;
  const upscale = settings.highresFixLatentsUpscaling ? "latents" : "picture";
  return {
    scale: highresFixScale,
    steps: highresFixSteps,
    strength: highresFixStrength,
    upscale,
    keepsFirst: settings.highresFixSave1st,
  };
}
