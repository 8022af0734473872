import { atPlace, CoinageError } from "../../errors/index.ts";
import { readSamplePrompts, type SampleRequest, WordUse } from "../../generation/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import { checkRequest, type GenerationRequest } from "../../pipeline/index.ts";
import type { TrainingInputs } from "../setup/inputs.ts";
import type { PreparedPlaceholder } from "../setup/placeholder.ts";
import type { Warning } from "../warnings.ts";

/** The sample images that a run will generate, read and checked before it begins. A missing prompt file is no error, as in sd-scripts.
 *  @throws PROMPT_INVALID, PROMPT_MISSING, FILE_UNREADABLE, and as checkRequest */
export async function readPreviews(
  settings: TrainSettings,
  { model, placeholder, checkpoint }: Pick<TrainingInputs, "model" | "placeholder" | "checkpoint">,
): Promise<{ readonly requests: readonly SampleRequest[]; readonly warnings: readonly Warning[] }> {
  const { samplePrompts, sampleEveryNEpochs, sampleEveryNSteps, sampleAtFirst, run } = settings;
  // a run with a folder can be asked for them later
  const isAsked =
    sampleAtFirst || sampleEveryNEpochs !== undefined || sampleEveryNSteps !== undefined || run !== undefined;
  if (!isAsked || samplePrompts === undefined) return { requests: [], warnings: [] };
  try {
    const { requests, warnings } = await readSamplePrompts(
      samplePrompts,
      promptOptions(settings, { model, placeholder }),
    );
    const { words } = placeholder.tokenizers[0]!;
    const parts = { model, predictionType: checkpoint.predictionType.value };
    for (const [i, request] of requests.entries())
      atPlace(`--sample_prompts ${samplePrompts}, prompt ${i + 1}`, () => checkRequest(request, words, parts));
    const messages = [...warnings, ...tokenInNoPrompt(placeholder, requests)];
    return { requests, warnings: messages.map((message) => ({ code: "SAMPLE_PROMPT", message })) };
  } catch (error) {
    if (!(error instanceof CoinageError) || error.code !== "FILE_NOT_FOUND") throw error;
    const message = ["No sample images are generated during training:", error.message, error.hint]
      .filter(Boolean)
      .join(" ");
    return { requests: [], warnings: [{ code: "SAMPLE_PROMPT", message }] };
  }
}

/** Options for reading prompts. */
export function promptOptions(
  { sampleSampler: sampler, clipSkip, maxTokenLength }: TrainSettings,
  { model: { family }, placeholder: { tokens, tokenizers } }: Pick<TrainingInputs, "model" | "placeholder">,
) {
  return { family, sampler, clipSkip, maxTokenLength, tokens, words: tokenizers[0]!.words };
}

function tokenInNoPrompt(
  { tokens, tokenizers }: PreparedPlaceholder,
  requests: readonly GenerationRequest[],
): string[] {
  const [name] = tokens as [string];
  const use = new WordUse({ tokenizers }, [{ name, tokens, file: "--token_string" }]);
  for (const { prompt, negativePrompt = "", maxEmbeddingsMultiples = 3 } of requests)
    for (const text of [prompt, negativePrompt]) use.look(text, maxEmbeddingsMultiples);
  return use.unused().map(({ reason }) => {
    const why = reason === undefined ? "." : `: ${reason}`;
    return `No sample prompt has "${name}", so the sample images do not show what is learned${why}`;
  });
}
