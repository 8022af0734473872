import path from "node:path";
import { isPortable, packedPaths, type RunQueue, type RunShareEvent, shareRuns } from "../cluster/index.ts";
import { CoinageError } from "../errors/index.ts";
import type { Sweep } from "./file.ts";
import { type RunNews, trainHere } from "./here.ts";
import { type PlannedRun, settingsOfRun } from "./plan.ts";
import { type RunResult, writeResult } from "./result.ts";
import type { SweepNews } from "./work.ts";

type News = RunNews | { readonly kind: "result"; readonly result: RunResult };

interface Sharing {
  readonly plan: Sweep;
  readonly folder: string;
  readonly queue: RunQueue;
  /** Version of this program. */
  readonly version: string;
  readonly signal: AbortSignal;
}

/** Trains runs on the workers of a queue and on this machine. open: indices of the runs that are not done. @throws as shareRuns */
export async function* trainByQueue(
  runs: readonly PlannedRun[],
  open: readonly number[],
  earlier: readonly (RunResult | undefined)[],
  { plan, folder, queue, version, signal }: Sharing,
): AsyncGenerator<SweepNews> {
  requirePortableAxes(plan);
  const checked = await Promise.all(runs.map((run) => settingsOfRun(run, folder)));
  const outputName = (index: number) => checked[index]!.settings.outputName;
  const own = (index: number) => path.join(folder, runs[index]!.name);
  async function* here(index: number): AsyncGenerator<News> {
    const result = yield* trainHere(runs[index]!, folder, earlier[index], signal);
    if (result) yield { kind: "result", result };
  }
  const shared = open.map((index) => ({
    ...{ index, outputName: outputName(index), folder: own(index) },
    ...{ values: runs[index]!.values, config: runs[index]!.config },
  }));
  const events = shareRuns<News>(shared, {
    ...{ queue, folder, signal, name: plan.name, total: runs.length, coinage: version },
    machine: checked[open[0]!]!.settings,
    wantsSame: plan.own.get("cluster_numerics") === "same",
    trainHere: plan.own.get("no_cluster_local") ? undefined : here,
  });
  for await (const event of events) yield* told(event, { runs, own, outputName });
}

interface Places {
  readonly runs: readonly PlannedRun[];
  readonly own: (index: number) => string;
  readonly outputName: (index: number) => string;
}

/** An event of the queue as news of the sweep; writes the results of runs that workers did or failed. */
async function* told(event: RunShareEvent<News>, { runs, own, outputName }: Places): AsyncGenerator<SweepNews> {
  switch (event.kind) {
    case "here":
      if (event.news.kind === "result") yield { kind: "result", index: event.index, result: event.news.result };
      else if (event.news.kind === "warning") yield event.news;
      else yield { index: event.index, ...event.news };
      return;
    case "answered": {
      const { index, answer } = event;
      const { worker, device, numerics, seconds, problem } = answer;
      const ended = problem
        ? ({ outcome: "failed", problem } as const)
        : ({ outcome: "done", file: `${outputName(index)}.safetensors`, seconds } as const);
      const by = { worker, device, numerics };
      yield { kind: "result", index, result: await writeResult(own(index), runs[index]!, { ...ended, by }) };
      return;
    }
    case "failed": {
      const problem = { code: "CLUSTER_RUN", message: `Workers have failed at it: ${event.why.replace(/\.$/, "")}.` };
      const result = await writeResult(own(event.index), runs[event.index]!, { outcome: "failed", problem });
      yield { kind: "result", index: event.index, result };
      return;
    }
    case "workerJoined":
    case "workerLeft":
      yield { kind: "worker", worker: event.worker, state: event.kind === "workerJoined" ? "joined" : "left" };
      return;
    case "workerRefused":
      yield { kind: "worker", worker: event.worker, state: "refused", why: event.why };
      return;
    case "queueDown":
      yield { kind: "queue", isUp: false, why: event.why };
      return;
    case "queueBack":
      yield { kind: "queue", isUp: true };
      return;
    case "queueWarning":
      yield { kind: "warning", message: `the queue: ${event.why}` };
      return;
    default:
      yield event;
  }
}

/** @throws SWEEP_INVALID for an axis with flags that workers do not take */
function requirePortableAxes({ axes }: Sweep): void {
  for (const { name, points } of axes)
    for (const flag of points.flatMap(({ values }) => [...values.keys()]))
      if (!isPortable(flag) && !packedPaths.some((packed) => packed === flag))
        throw new CoinageError("SWEEP_INVALID", `The axis ${name} sets ${flag}, which workers do not take.`, {
          where: `axes.${name}`,
          hint: "Leave it out, or leave out --queue to train on this machine.",
        });
}
