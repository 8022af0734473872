import { requireWithin } from "../budget/index.ts";
import { createSampler, noiseSchedule, type Sampler, samplerDefaults } from "../diffusion/index.ts";
import { CoinageError } from "../errors/index.ts";
import { checkClipSkip } from "../models/index.ts";
import { type PromptWords, parsePromptWeights } from "../tokenizer/index.ts";
import type { GeneratorParts } from "./context.ts";
import { samplingOf } from "./defaults.ts";
import { firstStage } from "./highres.ts";
import type { PictureRequest, Sampling } from "./request.ts";

type Parts = Pick<GeneratorParts, "model" | "predictionType" | "hasZeroTerminalSnr">;

/** Samplers that can begin without any signal. */
const zeroSnrSamplers: readonly string[] = ["ddim", "euler", "k_euler", "euler_a", "k_euler_a", "dpmsolver++"];

/** The sampler of a model's pictures. @throws SAMPLER_STEPS */
export function samplerOf(
  { sampler, steps, flavour }: Sampling,
  { predictionType, hasZeroTerminalSnr = false }: Parts,
): Sampler {
  const schedule = noiseSchedule({ zeroTerminalSnr: hasZeroTerminalSnr });
  return createSampler(sampler, { schedule, steps, predictionType, ...samplerDefaults(sampler, flavour) });
}

/** Finds out before anything is drawn whether a model can draw so. @throws PICTURE_SIZE, SETTINGS_CONFLICT, SAMPLER_STEPS */
export function checkSampling(sampling: Sampling, parts: Parts): void {
  const { width, height, strength, sampler, highres, maxEmbeddingsMultiples, clipSkip, guidanceScale, negativeScale } =
    sampling;
  requireWithin("drawnPixels", width * height, tooLarge);
  requireWithin("promptPieces", maxEmbeddingsMultiples, tooLong);
  checkClipSkip(parts.model, clipSkip);
  if (![guidanceScale, negativeScale ?? 0].every((scale) => Number.isFinite(Math.fround(scale))))
    throw new CoinageError("SETTINGS_CONFLICT", "No picture can be drawn with a scale that is no finite number.");
  const { factor } = parts.model.vae.architecture;
  if (![width, height].every((side) => Number.isInteger(side) && side > 0 && side % factor === 0))
    throw new CoinageError("PICTURE_SIZE", `A picture of ${width} x ${height} pixels cannot be drawn.`, {
      hint: `Width and height are multiples of ${factor}.`,
    });
  if (!(strength >= 0 && strength <= 1))
    throw new CoinageError("SETTINGS_CONFLICT", `The strength ${strength} does not lie between 0 and 1.`);
  if (parts.hasZeroTerminalSnr && !zeroSnrSamplers.includes(sampler))
    throw new CoinageError("SETTINGS_CONFLICT", `The sampler ${sampler} cannot begin at zero signal-to-noise ratio.`, {
      hint: `Take one of ${zeroSnrSamplers.join(", ")}, or leave out --zero_terminal_snr.`,
    });
  samplerOf(sampling, parts);
  if (highres) checkSampling(firstStage({ sampling, pictures: [] }, highres).sampling, parts);
}

const tooLarge = { code: "PICTURE_SIZE", subject: "A picture", hint: "Give a smaller width and height." } as const;
const tooLong = { code: "SETTINGS_CONFLICT", subject: "--max_embeddings_multiples" } as const;

/** Finds out before anything is drawn whether a batch is small enough. @throws PICTURE_SIZE */
export function checkBatchSize(pictures: number, { width, height }: Pick<Sampling, "width" | "height">): void {
  requireWithin("drawnPixels", pictures * width * height, {
    code: "PICTURE_SIZE",
    subject: `A batch of ${pictures} pictures of ${width} x ${height}`,
    hint: "Give a smaller --batch_size, or smaller pictures.",
  });
}

/** Finds out before anything is drawn whether a model can draw what is asked for.
 *  @throws PICTURE_SIZE, SETTINGS_CONFLICT, SAMPLER_STEPS, PROMPT_WEIGHT_INVALID */
export function checkRequest(request: PictureRequest, words: PromptWords, parts: Parts): void {
  checkSampling(samplingOf(request, parts.model.family), parts);
  const knowsBreak = request.flavour !== "preview";
  for (const text of [request.prompt, request.negativePrompt ?? ""]) parsePromptWeights(text, { knowsBreak, words });
}
