import { CoinageError } from "../../errors/index.ts";
import type { TrainSettings } from "../../options/index.ts";

/** Length of a run. */
export interface RunLength {
  readonly steps: number;
  readonly epochs: number;
  /** Micro-batches of an epoch. */
  readonly batchesPerEpoch: number;
}

/** The length of a run: --max_train_epochs sets the number of steps; without it, steps set the number of epochs.
 *  An epoch ends with an optimizer step even when the accumulation is not full. */
export function runLength(
  batchesPerEpoch: number,
  settings: Pick<TrainSettings, "maxTrainSteps" | "maxTrainEpochs" | "gradientAccumulationSteps">,
): RunLength {
  const stepsPerEpoch = Math.ceil(batchesPerEpoch / settings.gradientAccumulationSteps);
  const steps = settings.maxTrainEpochs ? settings.maxTrainEpochs * stepsPerEpoch : settings.maxTrainSteps;
  return { steps, epochs: Math.ceil(steps / stepsPerEpoch), batchesPerEpoch };
}

/** Initial counts of a run. */
export interface Start {
  /** Steps that count as done. */
  readonly step: number;
  /** Epochs that count as done. */
  readonly epochsDone: number;
  /** Micro-batches of the next epoch that are skipped. */
  readonly skippedBatches: number;
  /** Whether orders of epochs that count as done are drawn anyway. */
  readonly drawsOrders: boolean;
}

/** Where a run without a state starts: --initial_step takes precedence over --initial_epoch. As in sd-scripts, images start with a whole epoch, unless
 *  --skip_until_initial_step skips those of earlier steps.
 *  differs from sd-scripts: learning rate schedules start from the beginning, whatever --initial_step and --initial_epoch say.
 *  coinage: learning rate schedules follow the step count that --initial_step or --initial_epoch sets.
 *  because: a run that goes on from the vectors of an earlier one has had its warm-up.
 *  @throws SETTINGS_CONFLICT if no step is left */
export function startOf(settings: Partial<TrainSettings>, { steps, batchesPerEpoch }: RunLength): Start {
  const { initialEpoch = 1, initialStep, skipUntilInitialStep = false, gradientAccumulationSteps = 1 } = settings;
  const stepsPerEpoch = Math.ceil(batchesPerEpoch / gradientAccumulationSteps);
  const step = initialStep ?? (initialEpoch - 1) * stepsPerEpoch;
  if (step > 0 && step >= steps)
    throw new CoinageError(
      "SETTINGS_CONFLICT",
      `The run would begin after step ${step}, but it ends with step ${steps}.`,
      {
        where: initialStep === undefined ? `--initial_epoch ${initialEpoch}` : `--initial_step ${initialStep}`,
        hint: `Set --max_train_steps above ${step}, or begin earlier.`,
      },
    );
  const epochsDone = Math.floor(step / stepsPerEpoch);
  const skippedSteps = skipUntilInitialStep ? step - epochsDone * stepsPerEpoch : 0;
  return {
    step,
    epochsDone,
    skippedBatches: skippedSteps * gradientAccumulationSteps,
    drawsOrders: skipUntilInitialStep,
  };
}
