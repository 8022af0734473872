import type { StepEvent } from "./events.ts";
import type { GatheredStep } from "./gather.ts";
import type { StepOutcome } from "./learner.ts";
import type { Run } from "./run.ts";
import { mean, meanNorm } from "./statistics.ts";

interface FinishedStep extends GatheredStep {
  readonly epoch: number;
  /** Learning rate it was made with. */
  readonly lr: number;
  readonly outcome: StepOutcome;
  /** Losses of all micro-batches of the epoch so far. */
  readonly epochLosses: readonly number[];
}

/** What there is to say of a step that was just made. */
export function stepEvent(run: Run, finished: FinishedStep): StepEvent {
  const { length } = run.preparation;
  const { samplesPerSecond, secondsPerStep } = run.pace.note(finished.imageKeys.length);
  return {
    kind: "step",
    step: run.step,
    steps: length.steps,
    epoch: finished.epoch,
    epochs: length.epochs,
    loss: mean(finished.losses),
    averageLoss: mean(finished.epochLosses),
    lr: finished.lr,
    nextLr: run.learningRate(),
    samplesPerSecond,
    remainingSeconds: secondsPerStep * (length.steps - run.step),
    rowNorm: mean(run.learner.rows.map(meanNorm)),
    gradNorm: finished.outcome.gradNorm,
    distance: run.learner.distance,
    imageKeys: finished.imageKeys,
  };
}
