import type { TrainSettings } from "../options/index.ts";
import type { Runtime } from "../runtime/index.ts";
import type { TrainingEvent } from "./events.ts";
import type { GatherContext } from "./gather.ts";
import { Learner, tableShapes } from "./learner.ts";
import { createSchedule, type LearningRateSchedule } from "./lr-schedules/index.ts";
import { metadataOf } from "./metadata.ts";
import { chooseOptimizer, createOptimizer, optimizerWarnings, parseArguments } from "./optimizers/index.ts";
import { Pace } from "./pace.ts";
import { hasMasks, loadMicroStep, type Preparation } from "./prepare.ts";
import {
  embeddingFile,
  epochInterval,
  type Moment,
  removeOutdated,
  type SaveContext,
  saveEmbedding,
} from "./saving.ts";
import { type Sign, signsBeforeTraining } from "./signs.ts";
import type { VaeEncoder } from "./vae-encoder.ts";
import { WarningTally } from "./warning-tally.ts";

/** Prepares what changes during a run: learned rows with their optimizer, schedule, step count, saves. @throws what settings of these throw */
export async function openRun(settings: TrainSettings, preparation: Preparation): Promise<Run> {
  const { word, checkpoint, model, group, length } = preparation;
  const choice = chooseOptimizer({ ...settings, optimizerArgs: parseArguments(settings.optimizerArgs ?? []) });
  const optimizer = createOptimizer(choice, tableShapes(word.initialRows));
  const lrSchedulerArgs = parseArguments(settings.lrSchedulerArgs ?? [], "--lr_scheduler_args");
  const schedule = createSchedule(
    { ...settings, lrSchedulerArgs, learningRateSource: choice.learningRate },
    length.steps,
  );
  const isVPrediction = checkpoint.predictionType.value === "v_prediction";
  const { metadata, warning } = await metadataOf(settings, { family: model.family, isVPrediction });
  const notices = [
    ...preparation.notices,
    ...optimizerWarnings(choice, settings).map((message) => ({ code: "OPTIMIZER", message })),
    ...(warning ? [{ code: "METADATA", message: warning }] : []),
    ...signsBeforeTraining(settings, group, word.initialRows, length.steps),
  ];
  const learner = new Learner(word.initialRows, optimizer, settings.maxGradNorm);
  return new Run(preparation, { settings, metadata }, learner, schedule, choice.name, notices);
}

/** A run under way. */
export class Run {
  readonly settings: TrainSettings;
  readonly preparation: Preparation;
  readonly learner: Learner;
  /** Name of the optimizer. */
  readonly optimizer: string;
  /** Worth saying before the first step. */
  readonly notices: readonly Sign[];
  readonly tally = new WarningTally();
  readonly pace = new Pace();
  /** Epochs between saves. */
  readonly epochInterval: number | undefined;
  /** Optimizer steps done. */
  step = 0;
  readonly #saving: SaveContext;
  readonly #schedule: LearningRateSchedule;
  readonly #startTime = performance.now();

  constructor(
    preparation: Preparation,
    saving: SaveContext,
    learner: Learner,
    schedule: LearningRateSchedule,
    optimizer: string,
    notices: readonly Sign[],
  ) {
    this.preparation = preparation;
    this.settings = saving.settings;
    this.learner = learner;
    this.optimizer = optimizer;
    this.notices = notices;
    this.epochInterval = epochInterval(saving.settings, preparation.length.epochs);
    this.#saving = saving;
    this.#schedule = schedule;
  }

  /** Of the next step. */
  learningRate(): number {
    return this.#schedule(this.step, this.learner.optimizer.numbers.rate);
  }

  /** Puts the networks on the device, ready to go through epochs. vae: encodes pictures whose latents are not cached. */
  async load(runtime: Runtime, vae: VaeEncoder): Promise<GatherContext> {
    const { settings, preparation, learner } = this;
    const { model, word, group } = preparation;
    const samples = {
      model,
      tokenizers: word.tokenizers,
      maxTokenLength: (settings.maxTokenLength ?? null) as 150 | 225 | null,
      vae: settings.cacheLatents ? undefined : vae,
      hasMask: hasMasks(group),
    };
    const microSteps = await loadMicroStep(settings, preparation, runtime);
    return { settings, preparation, microSteps, samples, learner, currentStep: () => this.step };
  }

  /** Writes the word as it is now and removes the save that is no longer kept. @throws OUTPUT_UNWRITABLE */
  async save(moment: Moment): Promise<{ readonly file: string; readonly removed: string | undefined }> {
    const file = await saveEmbedding(this.#saving, this.learner.finishedRows, moment);
    const kept = { ...this.settings, saveEveryNEpochs: this.epochInterval };
    return { file, removed: await removeOutdated(kept, moment) };
  }

  done(): Extract<TrainingEvent, { kind: "done" }> {
    return {
      kind: "done",
      file: embeddingFile(this.settings, { kind: "final" }),
      step: this.step,
      seconds: (performance.now() - this.#startTime) / 1000,
      isInterrupted: this.step < this.preparation.length.steps,
      warnings: this.tally.list(),
    };
  }
}
