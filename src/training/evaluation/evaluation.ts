import { mean, type NdArray } from "../../array/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import type { TrainingEvent } from "../events.ts";
import type { TrainableEmbeddings } from "../loop/embeddings.ts";
import type { MicroStepResult } from "../loop/micro-step.ts";
import type { LoadedMicroStep } from "../loop/micro-step-program.ts";
import type { Progress } from "../loop/progress.ts";
import type { ComputingDevice } from "../setup/device.ts";
import type { TrainingInputs } from "../setup/inputs.ts";
import type { VaeEncoder } from "../setup/vae-encoder.ts";
import type { WarningCounter } from "../warnings.ts";
import { type FrozenBatch, freezeBatch, itemLosses, learnedImages } from "./frozen-batch.ts";
import type { EvaluationHistory } from "./history.ts";
import { figuresOf, windowOf } from "./statistics.ts";
import { evaluatedItems, evaluationInterval } from "./timing.ts";

/** The run that is evaluated. */
interface EvaluatedRun {
  readonly settings: TrainSettings;
  readonly inputs: TrainingInputs;
  readonly embeddings: Pick<TrainableEmbeddings, "finished">;
  readonly progress: Progress;
  readonly evaluations: EvaluationHistory;
  readonly warnings: WarningCounter;
}

/** Share of a run that the baseline of its training loss is taken from. */
const baselineShare = 0.1;
/** How far losses may be from those of a state for the same embeddings: other machines round differently. */
const tolerance = 1e-4;

/** Gives the loss of each item of a frozen batch for embeddings. */
type Measure = (embeddings: readonly NdArray<Float32Array>[]) => Promise<number[]>;

/** Measures the loss of what a run has learned on its frozen batch. Draws from none of the run's generators, so training goes on as if there were none. */
export class Evaluation {
  readonly #run: EvaluatedRun;
  readonly #interval: number;
  readonly #window: number;
  readonly #batch: FrozenBatch;
  readonly #measure: Measure;

  constructor(run: EvaluatedRun, interval: number, batch: FrozenBatch, measure: Measure) {
    this.#run = run;
    this.#interval = interval;
    this.#window = windowOf(interval, run.inputs.length.steps);
    this.#batch = batch;
    this.#measure = measure;
  }

  /** Before the first step of a run, or of a resumed one: what a step that failed has left undone, or whether losses are those of the state. */
  async *atStart(): AsyncGenerator<TrainingEvent> {
    const { evaluations, progress, warnings } = this.#run;
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

  /** After a step that was completed. */
  async *afterStep(): AsyncGenerator<TrainingEvent> {
    const { embeddings, evaluations, progress } = this.#run;
    const { step } = progress;
    if (step % this.#interval !== 0) return;
    evaluations.add({ step, itemLosses: await this.#measure(embeddings.finished) });
    yield this.#event();
  }

  /** How far the losses of a completed step are from what is usual at their timesteps; undefined while that is being learned. */
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

/** Prepares the evaluations of a run; undefined where none are asked for. vae: encodes images whose latents are not cached. */
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
  const batch = await freezeBatch(source, { purpose: "following", count: evaluatedItems, images });
  return new Evaluation(run, interval, batch, (embeddings) => itemLosses(batch, program, inputs.model, embeddings));
}
