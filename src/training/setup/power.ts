import { durationText } from "../../errors/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import { isOnBattery, keepAwake } from "../../power/index.ts";
import type { Warning } from "../warnings.ts";

/** Keeps the machine awake until it is released, where that is asked for; a warning where that cannot be done. */
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

/** Runs that take longer than this are not left to a battery without a word, in seconds. */
const longSeconds = 30 * 60;

/** A warning where a long run would use up the battery, or would be put to sleep on it. supplies: as of isOnBattery. */
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
