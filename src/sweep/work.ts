import type { StopSignal } from "../events/index.ts";
import type { SweepEvent } from "./events.ts";
import { trainHere } from "./here.ts";
import type { PlannedRun } from "./plan.ts";
import type { RunResult } from "./result.ts";

/** News of runs in training. index: of the run in its sweep. */
export type SweepNews =
  | { readonly kind: "begin"; readonly index: number; readonly by: string | undefined }
  | { readonly kind: "progress"; readonly index: number; readonly step: number; readonly steps: number }
  | { readonly kind: "again"; readonly index: number; readonly why: string }
  | { readonly kind: "result"; readonly index: number; readonly result: RunResult }
  | Extract<SweepEvent, { readonly kind: "warning" | "worker" | "queue" }>;

/** Trains runs on this machine, one after another. open: indices of the runs that are not done. */
export async function* trainInTurn(
  runs: readonly PlannedRun[],
  open: readonly number[],
  earlier: readonly (RunResult | undefined)[],
  { folder, signal }: { readonly folder: string; readonly signal: StopSignal },
): AsyncGenerator<SweepNews> {
  for (const index of open) {
    if (signal.aborted) return;
    yield { kind: "begin", index, by: undefined };
    const news = trainHere(runs[index]!, folder, earlier[index], signal);
    for (;;) {
      const { done, value } = await news.next();
      if (done) {
        if (value) yield { kind: "result", index, result: value };
        break;
      }
      yield value.kind === "warning" ? value : { index, ...value };
    }
  }
}
