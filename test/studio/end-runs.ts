import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { isUnderWay, listRuns, placesOf, type RunRow, sendCommand } from "../../src/runs/index.ts";

/** The longest that a run may take to end, in milliseconds. */
const patienceMs = 30_000;

/** Ends the runs of a home, which outlive their studio, and waits for their end. */
export async function endRuns(home: string): Promise<void> {
  const root = path.join(home, "runs");
  const working = async () => (await listRuns(root)).filter(({ state }) => state !== undefined && isUnderWay(state));
  const stop = ({ id }: RunRow) => sendCommand(placesOf(path.join(root, id)), { command: "stopNow" });
  await Promise.all((await working()).map(stop));
  const until = performance.now() + patienceMs;
  while ((await working()).length > 0 && performance.now() < until) await pause(100);
}
