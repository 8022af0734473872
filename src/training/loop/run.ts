import { randomUUID } from "node:crypto";
import path from "node:path";
import { holdsEmbedding, type LearnedEmbedding, type WriteOptions, writeEmbedding } from "../../embedding/index.ts";
import { digestOf, readEarlierFile } from "../../files/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import { callableName, type GenerationRequest } from "../../pipeline/index.ts";
import { drawEpochOrder, type PythonRandomState, type TorchGeneratorState } from "../../random/index.ts";
import { maxTokenLengthOf } from "../diagnostics/placeholder-reader.ts";
import type { Sign, StepView } from "../diagnostics/step-warnings.ts";
import type { TrainingEvent } from "../events.ts";
import type { LearningRateSchedule } from "../lr-schedules/index.ts";
import type { Moment } from "../output/names.ts";
import { Output } from "../output/output-folder.ts";
import { isPruned, keepRules } from "../output/pruning.ts";
import { epochInterval } from "../output/saving.ts";
import type { ComputingDevice } from "../setup/device.ts";
import type { Start } from "../setup/length.ts";
import { isOfVocabulary } from "../setup/placeholder.ts";
import type { Preparation } from "../setup/prepare.ts";
import {
  circumstancesOf,
  type EpochProgress,
  mayReplaceState,
  type RunIdentity,
  type TrainingState,
  writeState,
} from "../state/index.ts";
import type { VaeEncoder } from "../vae-encoder.ts";
import { WarningTally } from "../warnings.ts";
import type { Learner } from "./embeddings.ts";
import type { GatherContext } from "./gather.ts";
import { draftMicroStep, hasMasks, loadMicroStep, type MicroStepDraft } from "./load-micro-step.ts";
import { LossScale } from "./loss-scale.ts";
import { Pace } from "./step-event.ts";

/** What a run is made of. */
export interface RunParts {
  readonly settings: TrainSettings;
  readonly preparation: Preparation;
  readonly learner: Learner;
  readonly schedule: LearningRateSchedule;
  /** Name of the optimizer. */
  readonly optimizer: string;
  readonly metadata: (date: Date) => Record<string, string>;
  /** What its states belong to: as things were at the start, for pictures may change or go. */
  readonly identity: RunIdentity;
  /** Sample pictures to draw. */
  readonly previewRequests: readonly GenerationRequest[];
  /** Worth saying before the first step. */
  readonly notices: readonly Sign[];
  /** Where it sets out without one. */
  readonly start: Start;
  /** The state to go on from. */
  readonly state: TrainingState | undefined;
}

/** What a step begins with. */
interface StepStart {
  readonly torch: TorchGeneratorState;
  readonly python: PythonRandomState;
  /** Batches of the epoch used up. */
  readonly batches: number;
}

/** A run under way. */
export class Run {
  readonly settings: TrainSettings;
  readonly preparation: Preparation;
  readonly learner: Learner;
  readonly optimizer: string;
  readonly notices: readonly Sign[];
  readonly previewRequests: readonly GenerationRequest[];
  readonly tally = new WarningTally();
  readonly pace = new Pace();
  readonly output: Output;
  /** What this run and all that go on from its states have in common. */
  readonly id: string;
  /** Which saves are kept. */
  readonly keepRules: ReturnType<typeof keepRules>;
  readonly #prunableFiles: Map<string, string>;
  #finalFile: string | undefined;
  /** Where products are computed in float16. */
  lossScale: LossScale | undefined;
  /** Epochs between saves. */
  readonly epochInterval: number | undefined;
  /** Optimizer steps done.
   *  differs from sd-scripts: a resumed run goes on counting steps and epochs, and so naming files, where its state stands; there it begins anew. */
  step = 0;
  readonly #parts: RunParts;
  readonly #firstStep: number;
  readonly #startTime = performance.now();
  #epochsDone = 0;
  #epoch: EpochProgress | undefined;
  #draft: MicroStepDraft | undefined;
  #stepStart: StepStart | undefined;

  constructor(parts: RunParts) {
    this.#parts = parts;
    this.settings = parts.settings;
    this.preparation = parts.preparation;
    this.learner = parts.learner;
    this.optimizer = parts.optimizer;
    this.notices = parts.notices;
    this.previewRequests = parts.previewRequests;
    this.output = new Output(parts.settings);
    this.id = parts.state?.runId ?? randomUUID();
    this.#prunableFiles = new Map(parts.state?.prunableFiles);
    this.#finalFile = parts.state?.finalFile;
    this.epochInterval = epochInterval(parts.settings, parts.preparation.length.epochs);
    this.keepRules = keepRules(parts.settings, this.epochInterval);
    const { step, epochsDone } = parts.start;
    this.step = step;
    this.#epochsDone = epochsDone;
    if (parts.state) this.#restore(parts.state);
    this.#firstStep = this.step;
  }

  #restore({ progress, rows, optimizer, warnings }: TrainingState): void {
    this.step = progress.step;
    this.#epochsDone = progress.epochsDone;
    this.#epoch = progress.epoch;
    this.learner.restore(rows, optimizer);
    this.tally.restore(warnings);
  }

  get isResumed(): boolean {
    return this.#parts.state !== undefined;
  }

  /** Whether a step was made since it was opened. */
  get hasPlaceholders(): boolean {
    return this.step > this.#firstStep;
  }

  get isFinished(): boolean {
    return this.step >= this.preparation.length.steps;
  }

  /** Of the next step. */
  learningRate(): number {
    return this.#parts.schedule(this.step, this.learner.optimizer.numbers.rate);
  }

  /** Number of the epoch under way, or of the last one. */
  get epochNumber(): number {
    return this.#epoch?.number ?? this.#epochsDone;
  }

  /** Sets out, once latents are cached: they are drawn from the seed, in a resumed run too, and only then the generators go where the state has them. */
  setOut(): void {
    this.pace.start();
    const { generators } = this.preparation;
    const { state, start } = this.#parts;
    if (!state) {
      const { batchesPerEpoch } = this.preparation.length;
      for (let epoch = 0; start.drawsOrders && epoch < start.epochsDone; epoch++)
        drawEpochOrder(generators.torch, batchesPerEpoch);
      return;
    }
    generators.torch.restore(state.generators.torch);
    generators.python.restore(state.generators.python);
  }

  /** The epoch under way, or a new one with its order drawn. */
  currentEpoch(): EpochProgress {
    const { generators, length } = this.preparation;
    const { start, state } = this.#parts;
    const skipped = !state && this.#epochsDone === start.epochsDone ? start.skippedBatches : 0;
    this.#epoch ??= {
      number: this.#epochsDone + 1,
      order: drawEpochOrder(generators.torch, length.batchesPerEpoch).slice(skipped),
      losses: [],
    };
    this.#markStepStart();
    return this.#epoch;
  }

  /** Counts a step that was made. */
  completeStep(): void {
    this.step++;
    this.#markStepStart();
  }

  #markStepStart(): void {
    const { torch, python } = this.preparation.generators;
    this.#stepStart = { torch: torch.state(), python: python.state(), batches: this.#epoch?.losses.length ?? 0 };
  }

  /** Gives back the random numbers and batches that a step has used up which failed: what is saved then stands between two steps. */
  undoUnfinishedStep(): void {
    if (!this.#stepStart) return;
    const { torch, python, batches } = this.#stepStart;
    this.preparation.generators.torch.restore(torch);
    this.preparation.generators.python.restore(python);
    if (this.#epoch) this.#epoch.losses.length = batches;
  }

  /** Closes an epoch whose batches are used up. One that was cut short stays open: a longer run goes on with it. */
  closeEpoch(): void {
    if (!this.#epoch || this.#epoch.losses.length < this.#epoch.order.length) return;
    this.#epochsDone = this.#epoch.number;
    this.#epoch = undefined;
  }

  /** How things stand after a step, for signs. */
  view(): Omit<StepView, "outcome" | "readings"> {
    const { rows, rowNorms, rowDistances } = this.learner;
    const { vocabularies } = this.preparation.word;
    const usualNorms = rows.flatMap(({ shape }, table) => Array(shape[0]!).fill(vocabularies[table]!.meanNorm));
    const { optimizer, step, lossScale, isResumed } = this;
    const isFirst = !isResumed && step === this.#firstStep + 1;
    return { optimizer, isFirst, rowNorms, rowDistances, usualNorms, lossScale: lossScale?.value };
  }

  /** The micro-step, kept from when it is first asked for until it is loaded. */
  draft(device: ComputingDevice): MicroStepDraft {
    this.#draft ??= draftMicroStep(this.settings, this.preparation, device);
    return this.#draft;
  }

  /** Puts the networks on the device, ready to go through epochs. vae: encodes pictures whose latents are not cached. */
  async load(device: ComputingDevice, vae: VaeEncoder): Promise<GatherContext> {
    const { settings, preparation, learner } = this;
    const { model, word, group } = preparation;
    const samples = {
      model,
      word,
      maxTokenLength: maxTokenLengthOf(settings),
      vae: settings.cacheLatents ? undefined : vae,
      hasMask: hasMasks(group),
    };
    const draft = this.draft(device);
    this.#draft = undefined;
    if (draft.computeDtype === "float16") this.lossScale = new LossScale();
    if (this.#parts.state?.lossScale) this.lossScale?.restore(this.#parts.state.lossScale);
    const microSteps = await loadMicroStep(settings, preparation, draft, this.lossScale);
    return { settings, preparation, microSteps, samples, learner, currentStep: () => this.step };
  }

  /** Writes the learned rows (one table per text encoder, or per layer) as sd-scripts lays them out. @throws OUTPUT_UNWRITABLE */
  async writeEmbedding(file: string): Promise<void> {
    await writeEmbedding(file, this.#word(), this.#layout());
  }

  /** Whether nothing is lost when the word as it is now takes the place of a file: this run wrote it earlier on, or it holds the same. */
  async mayReplaceEmbedding(file: string): Promise<boolean> {
    if (this.#finalFile !== undefined && (await fileDigest(file)) === this.#finalFile) return true;
    return holdsEmbedding(file, this.#word(), this.#layout());
  }

  /** Remembers an embedding file that has just been written, for this run and those that go on from its states. */
  async noteEmbedding(file: string, { kind }: Moment): Promise<void> {
    if (kind === "final") this.#finalFile = await fileDigest(file);
    else if (isPruned(this.keepRules.embedding, kind))
      this.#prunableFiles.set(path.basename(file), (await fileDigest(file)) ?? "");
  }

  /** Whether a file is one that was noted, as it was written. */
  async hasWritten(file: string): Promise<boolean> {
    const noted = this.#prunableFiles.get(path.basename(file));
    return noted !== undefined && (await fileDigest(file)) === noted;
  }

  /** Forgets files that were removed. */
  forget(files: readonly string[]): void {
    for (const file of files) this.#prunableFiles.delete(path.basename(file));
  }

  #word(): LearnedEmbedding {
    const { tokenString: token } = this.settings;
    const metadata = this.#parts.metadata(new Date());
    const { layers } = this.preparation.word;
    return { vectors: this.learner.finishedRows, token, step: undefined, metadata, layers };
  }

  #layout(): WriteOptions {
    return { layout: "kohya", precision: this.settings.savePrecision };
  }

  /** Writes all that is needed to go on later. @throws OUTPUT_UNWRITABLE */
  async writeState(folder: string): Promise<void> {
    await writeState(folder, await this.#state());
  }

  /** Whether nothing is lost when the state of things now takes the place of what is in a folder. */
  async mayReplaceState(folder: string): Promise<boolean> {
    const { resume } = this.settings;
    const isOrigin = this.isResumed && resume !== undefined && path.resolve(resume) === path.resolve(folder);
    return isOrigin || mayReplaceState(folder, await this.#state());
  }

  async #state(): Promise<TrainingState> {
    const { settings, preparation, learner, tally } = this;
    const { generators, seed, word, length } = preparation;
    return {
      identity: this.#parts.identity,
      circumstances: await circumstancesOf(settings, length.steps),
      progress: { step: this.step, epochsDone: this.#epochsDone, epoch: this.#epoch },
      seed,
      generators: { torch: generators.torch.state(), python: generators.python.state() },
      rows: learner.rows,
      initialRows: word.initialRows,
      optimizer: learner.optimizer.state(),
      warnings: tally.state(),
      lossScale: this.lossScale?.state(),
      runId: this.id,
      finalFile: this.#finalFile,
      prunableFiles: this.#prunableFiles,
    };
  }

  /** failure: what has ended it too early. */
  done(file: string, state: string | undefined, failure?: unknown): Extract<TrainingEvent, { kind: "done" }> {
    const { word } = this.preparation;
    return {
      kind: "done",
      file,
      word: callableName(path.parse(file).name, word.tokens.length, (token) => isOfVocabulary(token, word)),
      state,
      failure: failure === undefined ? undefined : failure instanceof Error ? failure.message : String(failure),
      step: this.step,
      seconds: (performance.now() - this.#startTime) / 1000,
      isInterrupted: !this.isFinished,
      warnings: this.tally.list(),
    };
  }
}

async function fileDigest(file: string): Promise<string | undefined> {
  const bytes = await readEarlierFile(file);
  return bytes && digestOf(bytes);
}
