import { readTrainRecord, type TrainInput } from "./options/index.ts";
import { planRun, type RunPlan } from "./training/index.ts";

/** Memory and time that training with these settings would take, and what other settings would make of it. Models of the hub are fetched first.
 *  `outputDir` may be left out: nothing is written.
 *  @throws CoinageError as train does */
export async function plan(settings: TrainInput): Promise<RunPlan> {
  const checked = await readTrainRecord(settings, "plan");
  return planRun(checked.settings);
}
