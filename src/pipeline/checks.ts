import { requireWithin } from "../budget/index.ts";
import { createSampler, noiseSchedule, type Sampler, samplerDefaults } from "../diffusion/index.ts";
import { CoinageError } from "../errors/index.ts";
import { checkClipSkip } from "../models/index.ts";
import { type PromptWords, parsePromptWeights } from "../tokenizer/index.ts";
import { firstPassOf } from "./highres-fix.ts";
import type { SampledModel } from "./pipeline.ts";
import { type GenerationRequest, type Sampling, samplingOf } from "./request.ts";

/** Samplers that can start at zero SNR. */
const zeroSnrSamplers: readonly string[] = ["ddim", "euler", "k_euler", "euler_a", "k_euler_a", "dpmsolver++"];

/** The sampler of a model's images. @throws SAMPLER_STEPS */
export function samplerOf(
  { sampler, steps, compatibility }: Sampling,
  { predictionType, hasZeroTerminalSnr = false }: SampledModel,
): Sampler {
  const schedule = noiseSchedule({ zeroTerminalSnr: hasZeroTerminalSnr });
  return createSampler(sampler, { schedule, steps, predictionType, ...samplerDefaults(sampler, compatibility) });
}

/** Checks before any work that a model supports this sampling. @throws PICTURE_SIZE, SETTINGS_CONFLICT, SAMPLER_STEPS */
export function checkSampling(sampling: Sampling, sampled: SampledModel): void {
  const { width, height, strength, sampler, highres, maxEmbeddingsMultiples, clipSkip, guidanceScale, negativeScale } =
    sampling;
  requireWithin("generatedPixels", width * height, tooLarge);
  requireWithin("promptChunks", maxEmbeddingsMultiples, tooLong);
  checkClipSkip(sampled.model, clipSkip);
  if (![guidanceScale, negativeScale ?? 0].every((scale) => Number.isFinite(Math.fround(scale))))
    throw new CoinageError("SETTINGS_CONFLICT", "A guidance scale must be a finite number.");
  const { vaeScaleFactor } = sampled.model.vae.architecture;
  if (![width, height].every((side) => Number.isInteger(side) && side > 0 && side % vaeScaleFactor === 0))
    throw new CoinageError("PICTURE_SIZE", `An image of ${width} x ${height} pixels cannot be generated.`, {
      hint: `Width and height must be multiples of ${vaeScaleFactor}.`,
    });
  if (!(strength >= 0 && strength <= 1))
    throw new CoinageError("SETTINGS_CONFLICT", `The strength ${strength} is not between 0 and 1.`);
  if (sampled.hasZeroTerminalSnr && !zeroSnrSamplers.includes(sampler))
    throw new CoinageError("SETTINGS_CONFLICT", `The sampler ${sampler} cannot begin at zero signal-to-noise ratio.`, {
      hint: `Use one of ${zeroSnrSamplers.join(", ")}, or leave out --zero_terminal_snr.`,
    });
  samplerOf(sampling, sampled);
  if (highres) checkSampling(firstPassOf({ sampling, images: [] }, highres).sampling, sampled);
}

const tooLarge = { code: "PICTURE_SIZE", subject: "An image", hint: "Give a smaller width and height." } as const;
const tooLong = { code: "SETTINGS_CONFLICT", subject: "--max_embeddings_multiples" } as const;

/** Checks before any work that a batch is small enough. @throws PICTURE_SIZE */
export function checkBatchSize(images: number, { width, height }: Pick<Sampling, "width" | "height">): void {
  requireWithin("generatedPixels", images * width * height, {
    code: "PICTURE_SIZE",
    subject: `A batch of ${images} images of ${width} x ${height}`,
    hint: "Give a smaller --batch_size, or smaller images.",
  });
}

/** Checks before any work that a model can generate a request.
 *  @throws PICTURE_SIZE, SETTINGS_CONFLICT, SAMPLER_STEPS, PROMPT_WEIGHT_INVALID */
export function checkRequest(request: GenerationRequest, words: PromptWords, sampled: SampledModel): void {
  checkSampling(samplingOf(request, sampled.model.family), sampled);
  const knowsBreak = request.compatibility !== "preview";
  for (const text of [request.prompt, request.negativePrompt ?? ""]) parsePromptWeights(text, { knowsBreak, words });
}
