import { mean } from "../../array/index.ts";
import { stepWarnings } from "../diagnostics/learning-warnings.ts";
import { maxTokenLengthOf, PlaceholderReader } from "../diagnostics/placeholder-reader.ts";
import type { StepEvent, TrainingEvent } from "../events.ts";
import type { OpenRun } from "../setup/open-run.ts";
import { usualNorms } from "../setup/placeholder.ts";
import type { StepGradients } from "./accumulation.ts";
import type { StepOutcome } from "./embeddings.ts";
import type { EpochProgress } from "./progress.ts";

/** A step that was just made. */
interface FinishedStep extends StepGradients {
  readonly epoch: EpochProgress;
  /** Learning rate it was made with. */
  readonly lr: number;
  readonly outcome: StepOutcome;
  /** How far its losses are from what is usual at their timesteps, where that is known. */
  readonly residual: number | undefined;
}

/** What there is to say of a step: what looks wrong, and its numbers. */
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

/** Names of `rows` are those of earlier versions: people keep these events in files. */
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

/** Those for which sd-scripts logs `lr/d*lr`. */
function findsItsStepSize(optimizer: string): boolean {
  return /^(dadapt|prodigy$)/i.test(optimizer);
}

/** Steps of which the speed is taken: a few, so that it follows the present. */
const window = 20;

/** Speed of a run over its last steps. Counts from when it is made: loading and caching before it are not steps. */
export class Throughput {
  readonly #marks: { readonly time: number; readonly samples: number }[] = [{ time: performance.now(), samples: 0 }];
  #samples = 0;

  /** Notes a step of so many samples; samples a second, and seconds a step. */
  note(samples: number): { readonly samplesPerSecond: number; readonly secondsPerStep: number } {
    this.#samples += samples;
    this.#marks.push({ time: performance.now(), samples: this.#samples });
    if (this.#marks.length > window + 1) this.#marks.shift();
    const first = this.#marks[0]!;
    const seconds = (this.#marks.at(-1)!.time - first.time) / 1000;
    return {
      samplesPerSecond: (this.#samples - first.samples) / seconds,
      secondsPerStep: seconds / (this.#marks.length - 1),
    };
  }
}
