import { mean, type NdArray } from "../../array/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import type { TrainingEvent } from "../events.ts";
import { compareInitWord } from "../init-word/compare.ts";
import type { TrainableEmbeddings } from "../loop/embeddings.ts";
import type { MicroStepResult } from "../loop/micro-step-data.ts";
import type { LoadedMicroStep } from "../loop/micro-step-program.ts";
import type { Progress } from "../loop/progress.ts";
import type { ComputingDevice } from "../setup/device.ts";
import type { TrainingInputs } from "../setup/inputs.ts";
import type { VaeEncoder } from "../setup/vae-encoder.ts";
import type { Warning, WarningCounter } from "../warnings.ts";
import { type Candidate, choiceText, choose, type ScoredCandidate } from "./choice.ts";
import { type FrozenBatch, freezeBatch, itemLosses, learnedImages } from "./frozen-batch.ts";
import type { EvaluationHistory } from "./history.ts";
import { figuresOf, windowOf } from "./statistics.ts";
import { earlyEnd, fallOf, hasLearned } from "./stopping.ts";
import { choosingItems, evaluatedItems, evaluationInterval } from "./timing.ts";

/** The run that is evaluated. */
interface EvaluatedRun {
  readonly settings: TrainSettings;
  readonly inputs: TrainingInputs;
  readonly embeddings: TrainableEmbeddings;
  /** Learning rate of every step. */
  readonly learningRates: readonly number[];
  readonly progress: Progress;
  readonly evaluations: EvaluationHistory;
  readonly warnings: WarningCounter;
}

/** Share of a run that its training loss's baseline is taken from. */
const baselineShare = 0.1;
/** Share of a run after which a warning says that nothing was learned. */
const lateShare = 0.6;
/** Fewest evaluations for a fitted line with residuals. */
const fewEvaluations = 4;
/** How far losses may differ from the state's for the same embeddings: machines round differently. */
const tolerance = 1e-4;

/** Measures the loss of each item of a frozen batch for embeddings. */
type Measure = (embeddings: readonly NdArray<Float32Array>[]) => Promise<number[]>;

/** Measures a run's embeddings on its frozen batch. Draws from none of the run's generators, so training is the same with and without it. */
export class Evaluation {
  readonly #run: EvaluatedRun;
  readonly #interval: number;
  readonly #window: number;
  readonly #batch: FrozenBatch;
  readonly #measure: Measure;
  readonly #openChoosing: () => Promise<Measure>;
  /** Steps until the learning rate peaks. */
  readonly #warmupSteps: number;

  /** openChoosing: prepares the batch for the choice at the end. */
  constructor(
    run: EvaluatedRun,
    interval: number,
    batch: FrozenBatch,
    measure: Measure,
    openChoosing: () => Promise<Measure>,
  ) {
    this.#run = run;
    this.#interval = interval;
    this.#window = windowOf(interval, run.inputs.length.steps);
    this.#batch = batch;
    this.#measure = measure;
    this.#openChoosing = openChoosing;
    this.#warmupSteps = Math.max(0, run.learningRates.indexOf(Math.max(...run.learningRates)));
  }

  /** Call before the first step, also of a resumed run: evaluates if the state lacks the evaluation, else checks that losses agree with the state's. */
  async *atStart(): AsyncGenerator<TrainingEvent> {
    const { evaluations, progress, warnings } = this.#run;
    if (!progress.isResumed) yield* this.#checkInitWord();
    const last = evaluations.evaluated.at(-1);
    if (last?.step !== progress.step) return yield* this.afterStep();
    const now = await this.#measure(this.#run.embeddings.finished);
    if (now.every((loss, i) => Math.abs(loss - last.itemLosses[i]!) <= tolerance * Math.abs(last.itemLosses[i]!)))
      return;
    const [before, after] = [last.itemLosses, now].map((losses) => mean(losses).toPrecision(6));
    yield* warnings.add([
      {
        code: "EVALUATION",
        message: `The evaluation loss after step ${last.step} was ${before} when the state was made and is ${after} now: losses before and after do not compare.`,
      },
    ]);
  }

  /** Compares the given init word with a neutral one. */
  async *#checkInitWord(): AsyncGenerator<TrainingEvent> {
    const { inputs, settings, warnings } = this.#run;
    const compared = await compareInitWord(inputs, settings, this.#measure);
    if (!compared) return;
    yield compared;
    if (compared.candidates[1]!.difference > 0) return;
    yield* warnings.add([
      {
        code: "INIT_WORD_WEAK",
        message: `--init_word auto looks for a word that explains the images better than "${compared.word}".`,
      },
    ]);
  }

  /** Call after each completed step. */
  async *afterStep(): AsyncGenerator<TrainingEvent> {
    const { settings, embeddings, evaluations, progress } = this.#run;
    const { step } = progress;
    if (step % this.#interval !== 0) return;
    const { finished } = embeddings;
    evaluations.add(
      { step, itemLosses: await this.#measure(finished) },
      settings.keep === "last" ? undefined : finished,
    );
    yield this.#event();
    yield* this.#judge();
  }

  /** Judges by the last evaluation whether nothing was learned, or whether the run can end early. */
  async *#judge(): AsyncGenerator<TrainingEvent> {
    const { settings, evaluations, progress, inputs, warnings } = this.#run;
    const { evaluated } = evaluations;
    const { step } = progress;
    const { steps } = inputs.length;
    // the last evaluation before that share of the run
    const isLate = step + this.#interval > lateShare * steps;
    if (isLate && evaluated.length >= fewEvaluations && !hasLearned(evaluated, this.#window))
      yield* warnings.add([this.#nothingLearned()]);
    if (!settings.earlyStop || progress.stopReason !== undefined) return;
    const [window, interval, warmupSteps] = [this.#window, this.#interval, this.#warmupSteps];
    const end = earlyEnd(evaluated, { window, interval, warmupSteps });
    if (!end || end.lastStep >= steps) return;
    progress.coolDown(end.lastStep, end.reason);
    yield { kind: "stopping", step, ...end };
  }

  #nothingLearned(): Warning {
    const { evaluations, embeddings, progress } = this.#run;
    const { fall, scatter } = fallOf(evaluations.evaluated, this.#window);
    const turn = Math.max(...turns(embeddings)).toPrecision(2);
    return {
      code: "NOTHING_LEARNED",
      key: "NOTHING_LEARNED",
      message: `After step ${progress.step} nothing is learned: the evaluation loss has fallen by ${fall.toPrecision(2)}, with a scatter of ${scatter.toPrecision(2)}. The word has turned by ${turn} radians; learned words turn by about 1. Where it has turned by much less, raise the learning rate (--step_angle, --learning_rate); otherwise lower it, and look whether captions have the word.`,
    };
  }

  /** At the end of a run: chooses which vectors to keep, by losses on a batch not used before. */
  async *chooseAtEnd(): AsyncGenerator<TrainingEvent> {
    const { evaluations, progress } = this.#run;
    const measure = await this.#openChoosing();
    const scored: ScoredCandidate[] = [];
    for (const candidate of this.#candidates())
      scored.push({ ...candidate, itemLosses: await measure(candidate.embeddings) });
    const { chosen, compared: candidates } = choose(scored);
    evaluations.chosen = chosen.embeddings;
    const choice = { chosen: chosen.name, candidates };
    yield { kind: "choice", step: progress.step, ...choice, message: choiceText(choice) };
  }

  #candidates(): Candidate[] {
    const { embeddings, evaluations, progress } = this.#run;
    const { best } = evaluations;
    const { finished, averaged } = embeddings;
    return [
      { name: "last", step: progress.step, embeddings: finished },
      ...(averaged ? [{ name: "averaged", step: progress.step, embeddings: averaged } as const] : []),
      ...(best ? [{ name: "best", ...best } as const] : []),
    ];
  }

  /** Residual of a completed step's losses against the baseline at their timesteps; undefined while the baseline is being learned. */
  residualOf(results: readonly MicroStepResult[]): number | undefined {
    const { evaluations, inputs, progress } = this.#run;
    const timesteps = results.flatMap((result) => result.timesteps);
    const losses = results.flatMap(({ sampleLosses }) => sampleLosses);
    if (progress.step > Math.ceil(baselineShare * inputs.length.steps))
      return evaluations.residuals.residual(timesteps, losses);
    evaluations.residuals.learn(timesteps, losses);
    return undefined;
  }

  #event(): TrainingEvent {
    const { evaluated } = this.#run.evaluations;
    const { step, itemLosses } = evaluated.at(-1)!;
    const { timesteps } = this.#batch;
    return { kind: "evaluation", step, ...figuresOf(evaluated, this.#window), itemLosses, timesteps };
  }
}

/** Angle in radians between each embedding and its start. */
function turns({ norms, distances, initialNorms }: TrainableEmbeddings): number[] {
  return norms.map((norm, i) => {
    const initial = initialNorms[i]!;
    const cosine = (norm ** 2 + initial ** 2 - distances[i]! ** 2) / (2 * norm * initial);
    return Math.acos(Math.min(1, Math.max(-1, cosine)));
  });
}

/** Prepares the evaluations of a run; undefined if the settings ask for none. vae: encodes images without cached latents. */
export async function openEvaluation(
  run: EvaluatedRun,
  { runtime: { device } }: ComputingDevice,
  { sampleContext, microStepContext, evaluation: program }: LoadedMicroStep,
  vae: VaeEncoder | undefined,
): Promise<Evaluation | undefined> {
  const { settings, inputs } = run;
  const interval = evaluationInterval(settings, device);
  if (interval === undefined || !program) return undefined;
  const source = { inputs, sampleContext, microStepContext, range: settings, vae, device };
  const images = learnedImages(inputs.group);
  const { heldOut } = inputs.group;
  const measureOn =
    (batch: FrozenBatch): Measure =>
    (embeddings) =>
      itemLosses(batch, program, inputs.model, embeddings);
  const batch = await freezeBatch(source, { purpose: "following", count: evaluatedItems, images });
  const openChoosing = async () => {
    const plan = { purpose: "choosing", count: choosingItems(device) } as const;
    return measureOn(await freezeBatch(source, { ...plan, images: heldOut.length > 0 ? heldOut : images }));
  };
  return new Evaluation(run, interval, batch, measureOn(batch), openChoosing);
}
