import os from "node:os";
import { version } from "../../assets/index.ts";
import type { TrainSettings } from "../../options/index.ts";

/** What may change between a state and going on from it. */
export interface Circumstances {
  readonly program: string;
  readonly device: string;
  readonly threads: number;
  readonly gradientCheckpointing: boolean;
  readonly lowram: boolean;
  readonly processor: string;
  /** Length of the whole run. */
  readonly steps: number;
  /** What the rows were before the first step, in the words of the settings. */
  readonly startedFrom: string;
}

export async function circumstancesOf(settings: TrainSettings, steps: number): Promise<Circumstances> {
  const { initWord, weights, device, threads, gradientCheckpointing, lowram } = settings;
  return {
    program: `coinage ${await version()}`,
    device,
    gradientCheckpointing,
    lowram,
    threads: threads ?? os.availableParallelism(),
    processor: `${process.platform} ${process.arch}, ${os.cpus()[0]?.model ?? "unknown processor"}`,
    steps,
    startedFrom: weights === undefined ? `--init_word ${initWord ?? "not given"}` : "--weights",
  };
}

/** What is to be said about circumstances that are no longer those of the state. */
export function changedCircumstances(then: Circumstances, now: Circumstances): string[] {
  const machine = (["program", "device", "threads", "processor", "gradientCheckpointing", "lowram"] as const)
    .filter((name) => then[name] !== now[name])
    .map((name) => `${name} ${then[name]} then, ${now[name]} now`);
  const notices: string[] = [];
  if (machine.length > 0)
    notices.push(
      `The state was made under other circumstances (${machine.join("; ")}): the last digits of all numbers may come out differently from here on.`,
    );
  if (then.steps !== now.steps)
    notices.push(
      `The run goes to step ${now.steps}; it was to go to step ${then.steps} when the state was made. Learning rate schedules with an end follow the new length.`,
    );
  if (then.startedFrom !== now.startedFrom)
    notices.push(
      `The vectors come from the state, so ${now.startedFrom} changes nothing (the run began with ${then.startedFrom}).`,
    );
  return notices;
}
