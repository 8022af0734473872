import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { forgetStart, noteExit, noteFailedStart, noteStart, type RunPlaces, startMark } from "../../runs/index.ts";

/** How the command line of this program is called. */
export interface Caller {
  readonly command: string;
  readonly words: readonly string[];
}

/** Starts the process of a run, which outlives the studio, and notes in the run's folder that it was, or why it could not be. steps: of the whole run.
 *  onExit: told when the process has ended, if the studio still is there. */
export async function launchRun(
  places: RunPlaces,
  { command, words }: Caller,
  steps: number | undefined,
  onExit: () => void,
): Promise<void> {
  const longer = steps === undefined ? [] : ["--max_train_steps", String(steps)];
  const mark = await startMark(places);
  await forgetStart(places);
  try {
    const child = await started(places, command, [...words, "train", "--run", places.folder, ...longer]);
    child.once("exit", async (code, signal) => {
      await noteExit(places, child.pid!, { code, signal }).catch(() => {});
      onExit();
    });
    await noteStart(places, mark, child.pid!);
  } catch (error) {
    await noteFailedStart(places, mark, {
      code: "RUN_NOT_STARTED",
      message: `The process that trains could not be started: ${error instanceof Error ? error.message : String(error)}.`,
      hint: "Resume tries again. If the program was moved or updated, start the studio again first.",
    });
  }
}

/** @throws the system's own error when it cannot be started */
async function started(places: RunPlaces, command: string, words: readonly string[]): Promise<ChildProcess> {
  // what the runtime, a driver or node itself say at the end is told nowhere else
  const log = openSync(places.console, "a");
  try {
    const child = spawn(command, words, { detached: true, stdio: ["ignore", "ignore", log] });
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}
