import path from "node:path";
import { CoinageError, machineProblem } from "../errors/index.ts";
import type { StopSignal } from "../events/index.ts";
import { makeFolder, writeFileAtomically } from "../files/index.ts";
import { jsonLinesReporter } from "../reporters/index.ts";
import { type TrainingEvent, train } from "../training/index.ts";
import { type PlannedRun, settingsOfRun } from "./plan.ts";
import { type RunResult, removeState, writeResult } from "./result.ts";

/** News of a run in training. */
export type RunNews =
  | { readonly kind: "progress"; readonly step: number; readonly steps: number }
  | { readonly kind: "warning"; readonly message: string };

type Done = Extract<TrainingEvent, { readonly kind: "done" }>;

/** Trains a run on this machine; its folder gets config.toml, events.jsonl and result.json. Returns undefined if it was stopped before its first step.
 *  earlier: its result so far; a stopped run resumes from its state. @throws OUTPUT_UNWRITABLE; errors of the run itself are its result */
export async function* trainHere(
  run: PlannedRun,
  folder: string,
  earlier: RunResult | undefined,
  signal: StopSignal | undefined,
): AsyncGenerator<RunNews, RunResult | undefined> {
  const own = path.join(folder, run.name);
  makeFolder(own);
  await writeFileAtomically(path.join(own, "config.toml"), run.config);
  const log = jsonLinesReporter(path.join(own, "events.jsonl"));
  let done: Done | undefined;
  try {
    const state =
      earlier?.outcome === "stopped" && earlier.state !== undefined ? path.join(own, earlier.state) : undefined;
    for await (const event of train(await settingsOfRun(run, folder, state), { signal })) {
      log.report(event);
      if (event.kind === "done") done = event;
      if (event.kind === "step") yield { kind: "progress", step: event.step, steps: event.steps };
      if (event.kind === "warning") yield { kind: "warning", message: event.message };
    }
  } catch (error) {
    const problem = error instanceof CoinageError ? error : machineProblem(error);
    if (!problem) throw error;
    const { code, message, hint } = problem;
    return writeResult(own, run, { outcome: "failed", problem: { code, message, hint } });
  } finally {
    log.close();
  }
  if (!done) return undefined;
  const { file, state, seconds, isInterrupted } = done;
  const ended = { file: path.relative(own, file), seconds, state: state && path.relative(own, state) };
  if (isInterrupted) return writeResult(own, run, { outcome: "stopped", ...ended });
  await removeState(own, ended.state);
  return writeResult(own, run, { outcome: "done", ...ended, state: undefined });
}
