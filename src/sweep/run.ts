import path from "node:path";
import { CoinageError } from "../errors/index.ts";
import type { StopOptions } from "../events/index.ts";
import { type Lock, makeFolder, takeLock } from "../files/index.ts";
import type { SweepEvent } from "./events.ts";
import { readSweep } from "./file.ts";
import { type RunNews, trainHere } from "./here.ts";
import { type PlannedRun, planRuns, settingsOfRun } from "./plan.ts";
import { readResult } from "./result.ts";
import { standingOf, sweepData, writeSweepData, writeSweepPage } from "./write.ts";

/** Trains the runs of a sweep file that are not done yet, one after another, and compares all of them. words: flags of `train`
 *  that go before what the file says of all runs. Aborting finishes the step under way; called again, the sweep goes on where it was.
 *  @throws FILE_NOT_FOUND, SETTINGS_FILE_INVALID, SWEEP_INVALID, USAGE, RUN_BUSY, OUTPUT_UNWRITABLE, and what checking settings throws */
export async function* sweep(
  file: string,
  words: readonly string[],
  { signal }: StopOptions = {},
): AsyncGenerator<SweepEvent> {
  const plan = await readSweep(file, words);
  const folder = path.resolve(String(plan.own.get("output_dir") ?? `coinage-sweep-${plan.name}`));
  const runs = await planRuns(plan, folder);
  makeFolder(folder);
  const lock = await hold(folder);
  try {
    const results = await Promise.all(runs.map((run) => readResult(path.join(folder, run.name), run)));
    const done = () => results.filter((result) => result?.outcome === "done").length;
    const said = await warningsOf(runs, folder);
    for (const message of said) yield { kind: "warning", message };
    yield { kind: "sweep", folder, runs: runs.length, done: done() };
    const standing = () => standingOf(plan, runs, results);
    for (const [i, run] of runs.entries()) {
      if (results[i]?.outcome === "done") continue;
      if (signal?.aborted) break;
      const { name, labels } = run;
      yield { kind: "begin", run: name, labels, by: undefined };
      const result = yield* told(name, trainHere(run, folder, results[i], signal), said);
      if (!result) continue;
      results[i] = result;
      await writeSweepData(folder, plan, standing());
      yield { kind: "ended", run: name, labels, result, done: done(), total: runs.length };
    }
    const files = {
      data: await writeSweepData(folder, plan, standing()),
      page: await writeSweepPage(folder, plan, standing()),
    };
    const axes = plan.axes.map(({ name }) => name);
    yield {
      kind: "table",
      axes,
      files,
      ...standing(),
      data: sweepData(plan, standing()),
      isComplete: done() === runs.length,
    };
  } finally {
    await lock.release();
  }
}

/** News of a run as events of the sweep. said: warnings that were told already. */
async function* told<Result>(
  run: string,
  news: AsyncGenerator<RunNews, Result>,
  said: Set<string>,
): AsyncGenerator<SweepEvent, Result> {
  for (;;) {
    const { done, value } = await news.next();
    if (done) return value;
    if (value.kind === "progress") yield { run, ...value };
    else if (!said.has(value.message)) yield value;
    if (value.kind === "warning") said.add(value.message);
  }
}

/** What is odd about the settings, each once. */
async function warningsOf(runs: readonly PlannedRun[], folder: string): Promise<Set<string>> {
  const checked = await Promise.all(runs.map((run) => settingsOfRun(run, folder)));
  return new Set(checked.flatMap(({ warnings }) => warnings.map(({ message }) => message)));
}

async function hold(folder: string): Promise<Lock> {
  const answer = await takeLock(path.join(folder, "lock")).catch((cause: unknown) => {
    throw new CoinageError("OUTPUT_UNWRITABLE", "The folder of the sweep cannot be written to.", {
      where: folder,
      cause,
    });
  });
  if ("release" in answer) return answer;
  const { pid, host, since } = answer.heldBy;
  throw new CoinageError("RUN_BUSY", `The sweep is under way already: process ${pid} on ${host}, since ${since}.`, {
    where: folder,
    hint: "Wait for it, or give this one another folder: --output_dir.",
  });
}
