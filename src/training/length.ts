import type { TrainSettings } from "../options/index.ts";

/** How long a run is. */
export interface RunLength {
  readonly steps: number;
  readonly epochs: number;
  /** Micro-batches of an epoch. */
  readonly batchesPerEpoch: number;
}

/** --max_train_epochs sets the number of steps; otherwise as many epochs are begun as the steps need.
 *  An epoch ends with an optimizer step even when the accumulation is not full. */
export function runLength(
  batchesPerEpoch: number,
  settings: Pick<TrainSettings, "maxTrainSteps" | "maxTrainEpochs" | "gradientAccumulationSteps">,
): RunLength {
  const stepsPerEpoch = Math.ceil(batchesPerEpoch / settings.gradientAccumulationSteps);
  const steps = settings.maxTrainEpochs ? settings.maxTrainEpochs * stepsPerEpoch : settings.maxTrainSteps;
  return { steps, epochs: Math.ceil(steps / stepsPerEpoch), batchesPerEpoch };
}
