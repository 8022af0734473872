import { samplerName } from "../diffusion/index.ts";
import type { ModelFamily } from "../models/index.ts";
import type { GenerateSettings } from "../options/index.ts";
import type { Size } from "../pictures/index.ts";
import { type HighresFix, type Sampling, type StartNoise, samplingOf } from "../pipeline/index.ts";
import { imageFile } from "./files/init-images.ts";
import type { PlanSettings } from "./prompts/plan.ts";
import type { PromptList } from "./prompts/read.ts";

/** The command line's sampling; lines of prompts may override parts of it. @throws SAMPLER_UNKNOWN */
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

/** Settings for planning the images of a command line. size: common size of init images and masks; undefined: each keeps its own. */
export async function planSettingsOf(
  settings: GenerateSettings,
  list: PromptList,
  size: Size | undefined,
  sampling: Sampling,
): Promise<PlanSettings> {
  const { seed, imagesPerPrompt, nIter, batchSize, shufflePrompts, iterSameSeed } = settings;
  const initImages = await Promise.all(list.initImages.map((file) => imageFile(file, size)));
  const masks = await Promise.all(list.masks.map((file) => imageFile(file, size)));
  // an image with its own prompt is the init image of all images of that prompt
  const times = list.areFromPictures ? imagesPerPrompt : 1;
  const repeated = <Item>(items: readonly Item[]) => items.flatMap((item) => Array<Item>(times).fill(item));
  return {
    ...{ sampling, seed, imagesPerPrompt, batchSize, iterSameSeed },
    iterations: nIter,
    shufflesPrompts: shufflePrompts,
    initImages: repeated(initImages),
    masks: repeated(masks),
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
