import type { StepEvent } from "../events.ts";
import type { EpochProgress } from "../state/index.ts";
import type { StepOutcome } from "./embeddings.ts";
import type { GatheredStep } from "./gather.ts";
import type { Run } from "./run.ts";
import { mean } from "./statistics.ts";

interface FinishedStep extends GatheredStep {
  readonly epoch: EpochProgress;
  /** Learning rate it was made with. */
  readonly lr: number;
  readonly outcome: StepOutcome;
}

/** What there is to say of a step that was just made. */
export function stepEvent(run: Run, finished: FinishedStep): StepEvent {
  const { learner, preparation } = run;
  const { length } = preparation;
  const { samplesPerSecond, secondsPerStep } = run.pace.note(finished.imageKeys.length);
  const nextLr = run.learningRate();
  const { d } = learner.optimizer.numbers;
  const [rowNorms, rowDistances] = [learner.rowNorms, learner.rowDistances];
  return {
    kind: "step",
    step: run.step,
    steps: length.steps,
    epoch: finished.epoch.number,
    epochs: length.epochs,
    loss: mean(finished.losses),
    averageLoss: mean(finished.epoch.losses),
    lr: finished.lr,
    nextLr,
    dTimesLr: findsItsStepSize(run.optimizer) && d !== undefined ? d * nextLr : undefined,
    samplesPerSecond,
    remainingSeconds: secondsPerStep * (length.steps - run.step),
    rowNorm: mean(rowNorms),
    gradNorm: finished.outcome.gradNorm,
    distance: mean(rowDistances),
    rowNorms,
    rowGradNorms: finished.outcome.rowGradNorms,
    rowDistances,
    imageKeys: finished.imageKeys,
  };
}

/** Those for which sd-scripts logs `lr/d*lr`. */
function findsItsStepSize(optimizer: string): boolean {
  return /^(dadapt|prodigy$)/i.test(optimizer);
}

/** Steps of which the speed is taken: a few, so that it follows the present. */
const window = 20;

/** Speed of a run over its last steps. */
export class Pace {
  #marks: { readonly time: number; readonly samples: number }[] = [{ time: performance.now(), samples: 0 }];
  #samples = 0;

  /** Begins to count: what went before, loading and caching, is no step. */
  start(): void {
    this.#marks = [{ time: performance.now(), samples: this.#samples }];
  }

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
