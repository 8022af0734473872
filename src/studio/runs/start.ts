import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { forgetStart, noteExit, noteFailedStart, noteStart, type RunPlaces, startMark } from "../../runs/index.ts";

/** How to run this program's command line. */
export interface Caller {
  readonly command: string;
  readonly words: readonly string[];
}

/** Starts the process of a run, which outlives the studio, and notes the start, or why it failed, in the run's folder. steps: of the whole run.
 *  onExit: called when the process has ended, if the studio is still running. */
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

/** @throws the system's own error if the process cannot be started */
async function started(places: RunPlaces, command: string, words: readonly string[]): Promise<ChildProcess> {
  // the last words of the runtime, a driver or Node itself are written nowhere else
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
