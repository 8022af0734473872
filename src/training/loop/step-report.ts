import { mean } from "../../array/index.ts";
import { stepWarnings } from "../diagnostics/learning-warnings.ts";
import { maxTokenLengthOf, PlaceholderReader } from "../diagnostics/placeholder-reader.ts";
import type { StepEvent, TrainingEvent } from "../events.ts";
import type { OpenRun } from "../setup/open-run.ts";
import { usualNorms } from "../setup/placeholder.ts";
import type { StepGradients } from "./accumulation.ts";
import type { StepOutcome } from "./embeddings.ts";
import type { EpochProgress } from "./progress.ts";

/** A finished step. */
interface FinishedStep extends StepGradients {
  readonly epoch: EpochProgress;
  /** Learning rate of the step. */
  readonly lr: number;
  readonly outcome: StepOutcome;
  /** Mean of its losses minus their baseline; undefined until that is known. */
  readonly residual: number | undefined;
}

/** Warnings about a step, and its event. */
export function* reportStep(run: OpenRun, finished: FinishedStep, throughput: Throughput): Generator<TrainingEvent> {
  const { settings, embeddings, optimizer, progress, warnings } = run;
  const { placeholder } = run.inputs;
  const { norms, distances, lossScale } = embeddings;
  const view = {
    ...{ optimizer, norms, distances, lossScale, outcome: finished.outcome, usualNorms: usualNorms(placeholder) },
    isFirst: progress.isAfterFirstStep,
    hasNoCaption: warnings.has("TOKEN_IN_NO_CAPTION"),
    readings: () => {
      const reader = new PlaceholderReader(placeholder, maxTokenLengthOf(settings));
      return finished.captions.map((caption) => reader.read(caption));
    },
  };
  yield* warnings.add(stepWarnings(view));
  yield stepEvent(run, finished, throughput);
}

/** Fields keep the names `row...` of earlier versions, since people have these events in files. */
function stepEvent(run: OpenRun, finished: FinishedStep, throughput: Throughput): StepEvent {
  const { embeddings, inputs, progress } = run;
  const { epoch, lr, outcome, imageKeys, residual } = finished;
  const { steps, epochs } = inputs.length;
  const { step } = progress;
  const { samplesPerSecond, secondsPerStep } = throughput.note(imageKeys.length);
  const nextLr = run.learningRate();
  const { d } = embeddings.optimizer.numbers;
  const { norms: rowNorms, distances: rowDistances } = embeddings;
  return {
    kind: "step",
    step,
    steps,
    epoch: epoch.number,
    epochs,
    loss: mean(finished.results.map(({ loss }) => loss)),
    averageLoss: mean(epoch.losses),
    ...(residual !== undefined && { residual }),
    lr,
    nextLr,
    dTimesLr: findsItsStepSize(run.optimizer) && d !== undefined ? d * nextLr : undefined,
    samplesPerSecond,
    remainingSeconds: secondsPerStep * (steps - step),
    rowNorm: mean(rowNorms),
    gradNorm: outcome.gradNorm,
    distance: mean(rowDistances),
    rowNorms,
    rowGradNorms: outcome.embeddingGradNorms,
    rowDistances,
    imageKeys,
    ...(finished.figures && { cluster: finished.figures }),
  };
}

/** Whether sd-scripts logs `lr/d*lr` for an optimizer. */
function findsItsStepSize(optimizer: string): boolean {
  return /^(dadapt|prodigy$)/i.test(optimizer);
}

/** Steps averaged over: few for the speed, so that it follows changes; more for the time left, so that regular sample images are
 *  included. */
const windows = { speed: 20, timeLeft: 100 };

/** Speed of a run over its last steps. The clock starts at construction, after loading and caching. */
export class Throughput {
  readonly #marks: { readonly time: number; readonly samples: number }[] = [{ time: performance.now(), samples: 0 }];
  #samples = 0;

  /** Notes a step. Returns samples per second, and seconds per step including what happens between steps. */
  note(samples: number): { readonly samplesPerSecond: number; readonly secondsPerStep: number } {
    this.#samples += samples;
    const now = { time: performance.now(), samples: this.#samples };
    this.#marks.push(now);
    if (this.#marks.length > windows.timeLeft + 1) this.#marks.shift();
    const sinceMark = (steps: number) => {
      const back = Math.min(steps, this.#marks.length - 1);
      const { time, samples } = this.#marks.at(-1 - back)!;
      return { steps: back, seconds: (now.time - time) / 1000, samples: now.samples - samples };
    };
    const [lately, longer] = [sinceMark(windows.speed), sinceMark(windows.timeLeft)];
    return { samplesPerSecond: lately.samples / lately.seconds, secondsPerStep: longer.seconds / longer.steps };
  }
}
