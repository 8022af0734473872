import { clipMerges } from "../assets/index.ts";
import { type Checkpoint, type Family, familyNames, openCheckpoint } from "../checkpoint/index.ts";
import type { PredictionType } from "../diffusion/index.ts";
import { vectorCount } from "../embedding/index.ts";
import { localModel } from "../hub/index.ts";
import { type DiffusionModel, diffusionModel, layersForWords } from "../models/index.ts";
import type { GenerateSettings } from "../options/index.ts";
import type { Size } from "../pictures/index.ts";
import { tokensOfWord } from "../tokenizer/index.ts";
import { loadEmbedding } from "./embeddings.ts";
import { findModel } from "./files/find-model.ts";
import { commonSize, sourceFile } from "./files/source-files.ts";
import { checkMaskSize } from "./image-to-image.ts";
import { inPlace, placed } from "./place.ts";
import { type Plan, type PlanSettings, planRun, promptPlanner, type WrittenPrompt } from "./prompts/plan.ts";
import { type PromptList, readPrompts } from "./prompts/read.ts";
import type { Sampling } from "./request.ts";
import type { GenerationRunEvent } from "./run-events.ts";
import { checkBatchSize, checkSampling } from "./sampler.ts";
import { commandLineSampling, planSettings } from "./settings.ts";
import { type NamedWord, plainVocabulary, type Vocabulary, withLayeredWord, withLearnedWords } from "./vocabulary.ts";
import { type GivenWord, unusedWordWarnings, WordUse } from "./word-use.ts";

/** All of a run that can be known and checked before anything takes long. */
export interface Preparation {
  readonly checkpoint: Checkpoint;
  readonly model: DiffusionModel;
  readonly predictionType: PredictionType;
  readonly vocabulary: Vocabulary;
  /** Which of its learned words the planned pictures use. */
  readonly use: WordUse;
  /** All pictures; undefined where prompts are typed one after another. */
  readonly plan: Plan | undefined;
  /** Plans the pictures of a prompt that was typed. @throws as prepareRun */
  readonly planTyped: (prompt: WrittenPrompt) => Plan;
  /** Size that pictures started from, and their masks, are brought to. */
  readonly sourceSize: Size | undefined;
}

/** Opens the model and the embeddings, reads the prompts and plans all pictures; tells of each as it is done.
 *  @throws FILE_NOT_FOUND, PROMPT_MISSING, PICTURE_SIZE and the codes of checkpoints, embeddings and prompts */
export async function* prepareRun(settings: GenerateSettings): AsyncGenerator<GenerationRunEvent, Preparation> {
  const sourceSize = commonSize(settings.width, settings.height, settings.highresFixScale);
  const list = await readPrompts(settings);
  const checkpoint = yield* openModel(settings);
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
  const { vocabulary, use } = yield* learnWords(settings, model);
  const planSettings = {
    ...(await planSettingsOf(settings, list, sourceSize, commandLineSampling(settings, model.family))),
    words: vocabulary.tokenizers[0]!.words,
  };
  const parts = { model, predictionType: predictionType.value, hasZeroTerminalSnr: settings.zeroTerminalSnr };
  const checked = (plan: Plan): Plan => {
    checkPlan(plan, parts);
    return plan;
  };
  const planNext = promptPlanner(planSettings);
  const plan = settings.interactive ? undefined : checked(planRun(list.prompts, planSettings));
  for (const message of plan?.warnings ?? []) yield { kind: "warning", code: "PROMPT", message };
  if (plan) {
    use.add(plan);
    yield* unusedWordWarnings(use);
  }
  return {
    ...{ checkpoint, model, predictionType: predictionType.value, vocabulary, use, plan, sourceSize },
    planTyped: (prompt) => {
      const typed = checked(planNext(prompt));
      use.add(typed);
      return { ...typed, warnings: [...typed.warnings, ...use.nearMisses(typed)] };
    },
  };
}

async function* openModel(settings: GenerateSettings): AsyncGenerator<GenerationRunEvent, Checkpoint> {
  const { pretrainedModelNameOrPath: ckpt } = settings;
  const target = await findModel(yield* localModel(ckpt));
  const vae = settings.vae === undefined ? undefined : yield* localModel(settings.vae, "vae");
  const predictionType = settings.vParameterization ? "v_prediction" : undefined;
  return openCheckpoint(target, { family: familyAskedFor(settings), predictionType, vae }).catch((error) => {
    throw placed(error, `--ckpt ${ckpt}${vae === undefined ? "" : `, --vae ${settings.vae}`}`);
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
      "The model was made for a noise schedule that ends without signal; use --zero_terminal_snr with it.",
    ];
  if (zeroTerminalSnr && predictionType.value === "epsilon")
    return [
      ...warnings,
      "The model predicts noise, which says nothing of a picture where there is nothing but noise: --zero_terminal_snr is for models that predict velocity.",
    ];
  return warnings;
}

async function* learnWords(
  { textualInversionEmbeddings: plain = [], xtiEmbeddings: layered = [] }: GenerateSettings,
  model: DiffusionModel,
): AsyncGenerator<GenerationRunEvent, { readonly vocabulary: Vocabulary; readonly use: WordUse }> {
  const target = {
    label: familyNames[model.family],
    widths: model.textEncoders.map(({ architecture }) => architecture.width),
  };
  const asked = [
    ...plain.map((given) => ({ given, where: `--textual_inversion_embeddings ${given}`, target })),
    ...layered.map((given) => {
      const where = `--XTI_embeddings ${given}`;
      return { given, where, target: { ...target, layers: layersForWords(model, where) } };
    }),
  ];
  let vocabulary = plainVocabulary(model.family, await clipMerges());
  const words: GivenWord[] = [];
  for (const { given, where, target } of asked) {
    const embedding = await loadEmbedding(given, target).catch((error) => {
      throw placed(error, where);
    });
    const { file } = embedding;
    vocabulary = withWord(vocabulary, embedding);
    const tokens = tokensOfWord(embedding.name, vectorCount(embedding));
    words.push({ ...embedding, tokens });
    yield { kind: "embedding", file, word: embedding.name, tokens };
    for (const message of embedding.warnings) yield { kind: "warning", code: "EMBEDDING", message };
  }
  return { vocabulary, use: new WordUse(vocabulary, words) };
}

function withWord(vocabulary: Vocabulary, { layers, ...word }: NamedWord): Vocabulary {
  return layers ? withLayeredWord(vocabulary, { ...word, layers }) : withLearnedWords(vocabulary, [word]);
}

/** What the pictures of a command line are planned by. sourceSize: what pictures to start from are brought to. */
export async function planSettingsOf(
  settings: GenerateSettings,
  list: PromptList,
  sourceSize: Size | undefined,
  sampling: Sampling,
): Promise<PlanSettings> {
  const sources = await Promise.all(list.sources.map((file) => sourceFile(file, sourceSize)));
  const masks = await Promise.all(list.masks.map((file) => sourceFile(file, sourceSize)));
  const times = list.areFromPictures ? settings.imagesPerPrompt : 1;
  return {
    ...planSettings(settings),
    sampling,
    sources: repeated(sources, times),
    masks: repeated(masks, times),
  };
}

/** Every item so many times in a row. */
function repeated<Item>(items: readonly Item[], times: number): Item[] {
  return items.flatMap((item) => Array<Item>(times).fill(item));
}

/** Checks every picture's size, mask and sampler with the place its prompt was written at. */
function checkPlan({ batches }: Plan, parts: Parameters<typeof checkSampling>[1]): void {
  const checked = new Set<Sampling>();
  for (const { pictures, sampling } of batches)
    inPlace(pictures[0]!.place, () => {
      if (!checked.has(sampling)) checkSampling(sampling, parts);
      checked.add(sampling);
      checkBatchSize(pictures.length, sampling);
      if (sampling.highres) return;
      for (const { mask, source } of pictures) if (mask && source) checkMaskSize(mask.size, sampling);
    });
}
