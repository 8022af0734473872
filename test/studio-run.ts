import { readdirSync } from "node:fs";
import path from "node:path";
import { runCommandLine } from "../src/cli/run.ts";
import { placesOf, type RunPlaces } from "../src/runs/index.ts";
import { recordingTerminal } from "./terminal.ts";
import { trainingFolder } from "./training-run.ts";

/** Teaches the small model a word in ten steps, in a run folder inside a folder of runs, with a checkpoint at step 5 and an image. */
export function trainedRuns() {
  const { write, flagsFor } = trainingFolder();
  const prompts = write("prompts.txt", "a photo of vexla --w 64 --h 64 --s 2 --d 1\n");
  return async (root: string, name: string, ...flags: readonly string[]): Promise<RunPlaces> => {
    const all = flagsFor(
      ...["--max_train_steps", "10", "--save_every_n_steps", "5"],
      ...["--sample_prompts", prompts, "--sample_every_n_steps", "10"],
      ...flags,
    );
    const at = all.indexOf("--output_dir");
    const own = [...all.slice(0, at), ...all.slice(at + 2)];
    const terminal = recordingTerminal();
    const code = await runCommandLine(["train", ...own, "--run", name, "--runs_dir", root], terminal);
    if (code !== 0) throw new Error(`the run ended with ${code}:\n${terminal.talked()}`);
    const id = readdirSync(root).find((one) => one.endsWith(`_${name}`))!;
    return placesOf(path.join(root, id));
  };
}
