import type { StopOptions } from "./events/index.ts";
import { readTrainRecord, type TrainInput } from "./options/index.ts";
import { planTraining, type RunPlan } from "./training/index.ts";

/** Memory and time that training with these settings would take, and what other settings would make of it. Models of the hub are fetched first.
 *  `outputDir` may be left out: nothing is written. options.signal: ends it early; the promise then rejects with the signal's reason.
 *  @throws CoinageError as train does */
export async function plan(settings: TrainInput, options: StopOptions = {}): Promise<RunPlan> {
  const checked = await readTrainRecord(settings, "plan");
  return planTraining(checked.settings, options.signal);
}
