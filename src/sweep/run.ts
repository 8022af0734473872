import path from "node:path";
import type { RunQueue } from "../cluster/index.ts";
import { makeFolder } from "../files/index.ts";
import { takeFolder } from "../runs/index.ts";
import type { SweepEvent } from "./events.ts";
import { readSweep, type Sweep } from "./file.ts";
import { planRuns } from "./plan.ts";
import { readResult } from "./result.ts";
import { trainByQueue } from "./shared.ts";
import { trainInTurn } from "./work.ts";
import { standingOf, sweepData, writeSweepData, writeSweepPage } from "./write.ts";

export interface SweepOptions {
  /** Aborting finishes the current step; the next call resumes the sweep. */
  readonly signal: AbortSignal;
  /** The queue that gives runs to workers; undefined: all runs train here. */
  readonly queueOf: (sweep: Sweep) => RunQueue | undefined;
  /** Version of this program. */
  readonly version: string;
}

/** Trains the runs of a sweep file that are not done yet, and compares all of them. words: flags of `train` that override what the file sets for all runs.
 *  @throws FILE_NOT_FOUND, SETTINGS_FILE_INVALID, SWEEP_INVALID, USAGE, RUN_BUSY, OUTPUT_UNWRITABLE, any error in a run's settings, and as shareRuns */
export async function* sweep(
  file: string,
  words: readonly string[],
  { signal, queueOf, version }: SweepOptions,
): AsyncGenerator<SweepEvent> {
  const plan = await readSweep(file, words);
  const folder = path.resolve(String(plan.own.get("output_dir") ?? `coinage-sweep-${plan.name}`));
  const { runs, warnings } = await planRuns(plan, folder);
  const queue = queueOf(plan);
  makeFolder(folder);
  const lock = await takeFolder(
    { file: path.join(folder, "lock"), folder, what: "sweep" },
    "Wait for it, or give this one another folder: --output_dir.",
  );
  try {
    const results = await Promise.all(runs.map((run) => readResult(path.join(folder, run.name), run)));
    const total = runs.length;
    const done = () => results.filter((result) => result?.outcome === "done").length;
    const standing = () => standingOf(plan, runs, results);
    const said = new Set<string>();
    const warn = function* (message: string): Generator<SweepEvent> {
      if (!said.has(message)) yield { kind: "warning", message };
      said.add(message);
    };
    for (const message of [...plan.warnings, ...warnings]) yield* warn(message);
    yield { kind: "sweep", folder, runs: total, done: done() };
    const open = [...runs.keys()].filter((i) => results[i]?.outcome !== "done");
    const news =
      queue && open.length > 0
        ? trainByQueue(runs, open, results, { plan, folder, queue, version, signal })
        : trainInTurn(runs, open, results, { folder, signal });
    for await (const one of news) {
      if (one.kind === "warning") yield* warn(one.message);
      else if (!("index" in one)) yield one;
      else {
        const { index, ...event } = one;
        const { name: run, labels } = runs[index]!;
        if (event.kind === "result") {
          results[index] = event.result;
          await writeSweepData(folder, plan, standing());
          yield { kind: "ended", run, labels, result: event.result, done: done(), total };
        } else yield event.kind === "begin" ? { run, labels, ...event } : { run, ...event };
      }
    }
    const files = {
      data: await writeSweepData(folder, plan, standing()),
      page: await writeSweepPage(folder, plan, standing()),
    };
    const axes = plan.axes.map(({ name }) => name);
    const data = sweepData(plan, standing());
    yield { kind: "table", axes, files, ...standing(), data, isComplete: done() === total };
  } finally {
    await lock.release();
  }
}
