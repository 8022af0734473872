import { clipMerges } from "../assets/index.ts";
import { type Checkpoint, type Family, openCheckpoint } from "../checkpoint/index.ts";
import { vectorCount } from "../embedding/index.ts";
import { atPlace, withPlace } from "../errors/index.ts";
import { localModel } from "../hub/index.ts";
import { type DiffusionModel, diffusionModel, xtiLayers } from "../models/index.ts";
import type { GenerateSettings } from "../options/index.ts";
import type { Size } from "../pictures/index.ts";
import {
  checkBatchSize,
  checkMaskSize,
  checkSampling,
  embeddingTarget,
  type NamedEmbedding,
  type PromptVocabulary,
  plainVocabulary,
  type SampledModel,
  type Sampling,
  withEmbeddings,
  withEmbeddingValues,
} from "../pipeline/index.ts";
import { placeholderTokens } from "../tokenizer/index.ts";
import { commonSize } from "./files/init-images.ts";
import { loadEmbedding, resolveModelPath } from "./files/model-files.ts";
import { type ImagePlan, imagePlanner, planImages, type WrittenPrompt } from "./prompts/plan.ts";
import { readPrompts } from "./prompts/read.ts";
import { type GivenWord, unusedWordWarnings, WordUse } from "./prompts/word-use.ts";
import type { GenerationRunEvent } from "./run-events.ts";
import { commandLineSampling, planSettingsOf } from "./settings.ts";

/** A run, prepared and checked before any long work. */
export interface PreparedGeneration extends SampledModel {
  readonly checkpoint: Checkpoint;
  readonly vocabulary: PromptVocabulary;
  /** Which learned words the planned images use. */
  readonly use: WordUse;
  /** All images; undefined if prompts are typed one by one. */
  readonly plan: ImagePlan | undefined;
  /** Plans the images of a typed prompt. @throws as prepareGeneration */
  readonly planTyped: (prompt: WrittenPrompt) => ImagePlan;
  /** Common size of init images and masks; undefined: each keeps its own. */
  readonly initImageSize: Size | undefined;
}

/** Opens the model and the embeddings, reads the prompts and plans all images; yields an event for each.
 *  @throws FILE_NOT_FOUND, PROMPT_MISSING, PICTURE_SIZE and the codes of checkpoints, embeddings and prompts */
export async function* prepareGeneration(
  settings: GenerateSettings,
  embeddings: readonly NamedEmbedding[] = [],
): AsyncGenerator<GenerationRunEvent, PreparedGeneration> {
  const initImageSize = commonSize(settings.width, settings.height, settings.highresFixScale);
  const list = await readPrompts(settings);
  const checkpoint = yield* openRunCheckpoint(settings);
  const { family, predictionType } = checkpoint;
  yield {
    kind: "model",
    path: checkpoint.path,
    family: family.value,
    familyReason: family.reason,
    predictionType: predictionType.value,
    predictionReason: predictionType.reason,
  };
  for (const message of modelWarnings(checkpoint, settings)) yield { kind: "warning", code: "MODEL", message };
  for (const message of list.warnings) yield { kind: "warning", code: "PROMPT", message };
  const model = diffusionModel({ ...checkpoint, family: family.value });
  const { vocabulary, use } = yield* loadEmbeddings(settings, embeddings, model);
  const planSettings = {
    ...(await planSettingsOf(settings, list, initImageSize, commandLineSampling(settings, model.family))),
    words: vocabulary.tokenizers[0]!.words,
  };
  const sampled = { model, predictionType: predictionType.value, hasZeroTerminalSnr: settings.zeroTerminalSnr };
  const checked = (plan: ImagePlan): ImagePlan => {
    checkPlan(plan, sampled);
    return plan;
  };
  const planNext = imagePlanner(planSettings);
  const plan = settings.interactive ? undefined : checked(planImages(list.prompts, planSettings));
  for (const message of plan?.warnings ?? []) yield { kind: "warning", code: "PROMPT", message };
  if (plan) {
    use.add(plan);
    yield* unusedWordWarnings(use);
  }
  return {
    ...sampled,
    ...{ checkpoint, vocabulary, use, plan, initImageSize },
    planTyped: (prompt) => {
      const typed = checked(planNext(prompt));
      use.add(typed);
      return { ...typed, warnings: [...typed.warnings, ...use.nearMisses(typed)] };
    },
  };
}

async function* openRunCheckpoint(settings: GenerateSettings): AsyncGenerator<GenerationRunEvent, Checkpoint> {
  const { pretrainedModelNameOrPath: ckpt } = settings;
  const target = await resolveModelPath(yield* localModel(ckpt));
  const vae = settings.vae === undefined ? undefined : yield* localModel(settings.vae, "vae");
  const predictionType = settings.vParameterization ? "v_prediction" : undefined;
  return openCheckpoint(target, { family: familyAskedFor(settings), predictionType, vae }).catch((error) => {
    throw withPlace(error, `--ckpt ${ckpt}${vae === undefined ? "" : `, --vae ${settings.vae}`}`);
  });
}

function familyAskedFor({ sdxl, v1, v2 }: GenerateSettings): Family | undefined {
  if (sdxl) return "sdxl";
  if (v1) return "sd1";
  return v2 ? "sd2" : undefined;
}

function modelWarnings(checkpoint: Checkpoint, { zeroTerminalSnr }: GenerateSettings): readonly string[] {
  const { warnings, hasZeroTerminalSnr, predictionType } = checkpoint;
  if (hasZeroTerminalSnr && !zeroTerminalSnr)
    return [
      ...warnings,
      "The model was trained with a noise schedule that ends without signal: use --zero_terminal_snr with it.",
    ];
  if (zeroTerminalSnr && predictionType.value === "epsilon")
    return [
      ...warnings,
      "--zero_terminal_snr is for models that predict velocity, and this one predicts noise, from which no image follows where there is nothing but noise.",
    ];
  return warnings;
}

async function* loadEmbeddings(
  { textualInversionEmbeddings: plain = [], xtiEmbeddings: layered = [] }: GenerateSettings,
  fromMemory: readonly NamedEmbedding[],
  model: DiffusionModel,
): AsyncGenerator<GenerationRunEvent, { readonly vocabulary: PromptVocabulary; readonly use: WordUse }> {
  const target = embeddingTarget(model);
  const asked = [
    ...plain.map((given) => ({ given, where: `--textual_inversion_embeddings ${given}`, target })),
    ...layered.map((given) => {
      const where = `--XTI_embeddings ${given}`;
      return { given, where, target: { ...target, layers: xtiLayers(model, where) } };
    }),
  ];
  let vocabulary = withEmbeddingValues(plainVocabulary(model.family, await clipMerges()), fromMemory, model);
  for (const { name, ...embedding } of fromMemory)
    yield { kind: "embedding", file: undefined, word: name, tokens: placeholderTokens(name, vectorCount(embedding)) };
  const words: GivenWord[] = [];
  for (const { given, where, target } of asked) {
    const embedding = await loadEmbedding(given, target).catch((error) => {
      throw withPlace(error, where);
    });
    const { file } = embedding;
    vocabulary = withEmbeddings(vocabulary, [embedding]);
    const tokens = placeholderTokens(embedding.name, vectorCount(embedding));
    words.push({ ...embedding, tokens });
    yield { kind: "embedding", file, word: embedding.name, tokens };
    for (const message of embedding.warnings) yield { kind: "warning", code: "EMBEDDING", message };
  }
  return { vocabulary, use: new WordUse(vocabulary, words) };
}

/** Checks every image's size, mask and sampler; errors name the place of its prompt. */
function checkPlan({ batches }: ImagePlan, model: SampledModel): void {
  const checked = new Set<Sampling>();
  for (const { images, sampling } of batches)
    atPlace(images[0]!.place, () => {
      if (!checked.has(sampling)) checkSampling(sampling, model);
      checked.add(sampling);
      checkBatchSize(images.length, sampling);
      if (sampling.highres) return;
      for (const { mask, initImage } of images) if (mask && initImage) checkMaskSize(mask.size, sampling);
    });
}
