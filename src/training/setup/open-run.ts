import type { SampleRequest } from "../../generation/index.ts";
import { parsePythonArguments, resolveStepCount, type TrainSettings } from "../../options/index.ts";
import { captionWarnings } from "../diagnostics/caption-warnings.ts";
import { learningRateWarnings } from "../diagnostics/learning-warnings.ts";
import { EvaluationHistory } from "../evaluation/history.ts";
import { TrainableEmbeddings } from "../loop/embeddings.ts";
import { Progress } from "../loop/progress.ts";
import { createSchedule } from "../lr-schedules/index.ts";
import { optimizerWarnings } from "../optimizers/index.ts";
import { metadataOf } from "../output/metadata.ts";
import { earlierFileWarnings, type Moment, namingWarnings } from "../output/names.ts";
import { readPreviews } from "../output/preview-requests.ts";
import { RunFiles } from "../output/run-files.ts";
import { type ChosenRecipe, savedRecipe } from "../recipes/apply.ts";
import { RunHistory, wantsReport } from "../report/history.ts";
import { environmentOf, type FoundState, identityOf, resumeWarnings } from "../state/index.ts";
import { type Warning, WarningCounter } from "../warnings.ts";
import type { TrainingInputs } from "./inputs.ts";
import { startOf } from "./length.ts";
import { updatesOf } from "./updates.ts";

/** An opened and checked run: its inputs and everything that changes during training. */
export interface OpenRun {
  readonly settings: TrainSettings;
  /** The recipe that supplied settings. */
  readonly recipe: ChosenRecipe | undefined;
  readonly inputs: TrainingInputs;
  readonly embeddings: TrainableEmbeddings;
  /** Name of the optimizer. */
  readonly optimizer: string;
  /** Learning rate of the next step. */
  readonly learningRate: () => number;
  readonly progress: Progress;
  readonly evaluations: EvaluationHistory;
  /** Learning rate of every step, as far as known in advance. */
  readonly learningRates: readonly number[];
  readonly files: RunFiles;
  /** Its course for the report; undefined without a report. */
  readonly history: RunHistory | undefined;
  /** Sample images to generate. */
  readonly previewRequests: readonly SampleRequest[];
  readonly warnings: WarningCounter;
  /** Warnings to show before the first step. */
  readonly startWarnings: readonly Warning[];
  /** Start time, in ms, from performance.now(). */
  readonly startTime: number;
}

/** Opens embeddings with their optimizer and learning rate, progress and files. found: the state to resume from; recipe: the run's recipe.
 *  @throws STATE_MISMATCH, and any error in settings of optimizer, schedule or files */
export async function openRun(
  settings: TrainSettings,
  inputs: TrainingInputs,
  found?: FoundState,
  recipe?: ChosenRecipe,
): Promise<OpenRun> {
  const { placeholder, checkpoint, length, generators, seed } = inputs;
  const state = found?.kind === "own" ? found.state : undefined;
  // taken at the start: images may change or vanish later
  const identity = await identityOf(settings, inputs);
  const ofResuming = found ? await resumeWarnings(found, identity, settings, length.steps) : [];

  const { choice, optimizer, rules } = updatesOf(settings, placeholder, length.steps);
  const lrSchedulerArgs = parsePythonArguments(settings.lrSchedulerArgs ?? [], "--lr_scheduler_args");
  const scheduleSettings = {
    ...settings,
    learningRate: settings.stepAngle ?? settings.learningRate,
    lrSchedulerArgs,
    learningRateSource: choice.learningRate,
    lrWarmupSteps: resolveStepCount(settings.lrWarmupSteps, length.steps),
    lrDecaySteps: resolveStepCount(settings.lrDecaySteps, length.steps),
  };
  const schedule = createSchedule(scheduleSettings, length.steps);
  const learningRates = Array.from({ length: length.steps }, (_, step) => schedule(step, optimizer.numbers.rate));

  const embeddings = new TrainableEmbeddings(placeholder.initialEmbeddings, optimizer, rules, state);
  const progress = new Progress(length, generators, startOf(state ? {} : settings, length), state);
  const evaluations = new EvaluationHistory(state?.evaluation);
  const warnings = new WarningCounter(state?.warnings);
  const { family, predictionType } = checkpoint;
  const model = { family: family.value, predictionType: predictionType.value };
  const { metadata, warning } = await metadataOf(settings, model, recipe);
  const { initialEmbeddings, layers } = placeholder;
  const history = wantsReport(settings) ? new RunHistory(initialEmbeddings, length.steps, state?.history) : undefined;
  const contents = {
    embedding: ({ kind }: Moment) => ({
      vectors: (kind === "final" ? evaluations.chosen : undefined) ?? embeddings.finished,
      ...{ token: settings.tokenString, step: undefined, layers },
      metadata: metadata(new Date()),
    }),
    state: async () => ({
      ...{ identity, environment: await environmentOf(settings, length.steps), seed, initialEmbeddings },
      ...progress.state(),
      ...embeddings.state(),
      evaluation: evaluations.state(),
      warnings: warnings.state(),
      recipe: recipe && savedRecipe(recipe),
      history: history?.state(),
    }),
  };
  const previews = await readPreviews(settings, inputs);
  const firstLearningRate = typeof settings.learningRate === "string" ? learningRates[0]! : settings.learningRate;
  return {
    settings,
    recipe,
    inputs,
    embeddings,
    optimizer: choice.name,
    learningRate: () => progress.rateFactor * schedule(progress.step, optimizer.numbers.rate),
    progress,
    evaluations,
    history,
    learningRates,
    files: new RunFiles(settings, length.epochs, contents, state),
    previewRequests: previews.requests,
    warnings,
    startWarnings: [
      ...inputs.warnings,
      ...ofResuming,
      ...(state ? [] : await earlierFileWarnings(settings, history !== undefined)),
      ...previews.warnings,
      ...optimizerWarnings(choice, { ...settings, learningRate: firstLearningRate }).map((message) => ({
        code: "OPTIMIZER",
        message,
      })),
      ...(warning ? [{ code: "METADATA", message: warning }] : []),
      ...captionWarnings(settings, inputs),
      ...namingWarnings(settings, placeholder),
      ...learningRateWarnings({ settings, optimizer: choice.name, initialEmbeddings, learningRates }),
    ],
    startTime: performance.now(),
  };
}
