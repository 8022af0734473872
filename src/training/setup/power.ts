import { durationText } from "../../errors/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import { isOnBattery, keepAwake } from "../../power/index.ts";
import type { Warning } from "../warnings.ts";

/** Keeps the machine awake until released, if --keep_awake asks for it; warns if that fails. */
export async function keptAwake({ keepAwake: isAsked }: Pick<TrainSettings, "keepAwake">): Promise<{
  readonly warnings: readonly Warning[];
  readonly release: () => void;
}> {
  if (!isAsked) return { warnings: [], release: () => {} };
  const { problem, release } = await keepAwake();
  if (problem === undefined) return { warnings: [], release };
  const message = `The machine cannot be kept awake (--keep_awake): ${problem}. The run stops while it sleeps, and goes on after it.`;
  return { warnings: [{ code: "KEEP_AWAKE", message, option: "keep_awake" }], release };
}

/** Duration in seconds above which runs on battery get a warning. */
const longSeconds = 30 * 60;

/** Warns if a long run would drain the battery, or if the machine could go to sleep. supplies: as for isOnBattery. */
export async function batteryWarnings(
  expectedSeconds: number,
  { keepAwake: isKeptAwake }: Pick<TrainSettings, "keepAwake">,
  supplies?: string,
): Promise<Warning[]> {
  if (expectedSeconds <= longSeconds || !(await isOnBattery(supplies))) return [];
  const advice = isKeptAwake ? "" : " With --keep_awake it does not go to sleep by itself meanwhile.";
  const message = `The run takes about ${durationText(expectedSeconds)}, and this machine runs on its battery: connect it to power.${advice}`;
  return [{ code: "BATTERY", message, ...(!isKeptAwake && { option: "keep_awake" }) }];
}
