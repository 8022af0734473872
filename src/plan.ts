import type { StopOptions } from "./events/index.ts";
import { readTrainRecord, type TrainInput } from "./options/index.ts";
import { planTraining, type RunPlan } from "./training/index.ts";

/** Memory and time that training with these settings would take, also with alternative settings. Fetches models from the hub first.
 *  `outputDir` may be left out: nothing is written. options.signal: when aborted, the promise rejects with the signal's reason.
 *  @throws CoinageError as train does */
export async function plan(settings: TrainInput, options: StopOptions = {}): Promise<RunPlan> {
  const checked = await readTrainRecord(settings, "plan");
  return planTraining(checked.settings, options.signal);
}
