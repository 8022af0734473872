import { readTrainRecord, type TrainInput } from "./options/index.ts";
import { planRun, type RunPlan } from "./training/index.ts";

/** Memory and time that training with these settings would take, and what other settings would make of it. Models of the hub are fetched first.
 *  @throws CoinageError as train does */
export async function plan(settings: TrainInput): Promise<RunPlan> {
  const { settings: complete } = await readTrainRecord(settings);
  const planning = planRun(complete);
  for (;;) {
    const { done, value } = await planning.next();
    if (done) return value;
  }
}
