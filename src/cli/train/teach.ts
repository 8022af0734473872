import type { Checked, TrainSettings } from "../../options/index.ts";
import {
  type Caller,
  jsonLinesReporter,
  type Reporter,
  reportAll,
  type Terminal,
  tensorboardReporter,
  trainingReport,
  wantsTensorboard,
} from "../../reporters/index.ts";
import { type RunSharing, type TrainingCommand, type TrainingEvent, train } from "../../training/index.ts";
import { endSoon, listenForInterrupt, nothingSaved } from "../interrupt.ts";
import { type ExitCode, exitCodes } from "../output.ts";
import { packageVersion } from "../program.ts";

/** Control of a run from outside this terminal. */
interface Steering {
  /** Aborted when the run is to stop. */
  readonly stop: AbortSignal;
  /** Aborted when the run is to abandon the current step. */
  readonly now: AbortSignal;
  /** Commands to carry out between two steps. */
  readonly commands: () => readonly TrainingCommand[];
}

/** terminal: for answers to Ctrl-C, regardless of the console settings. steering: from outside the terminal. */
export async function teach(
  request: Checked<TrainSettings>,
  reporters: readonly Reporter<TrainingEvent>[],
  terminal: Terminal,
  steering?: Steering,
): Promise<ExitCode> {
  let isUnderWay = false;
  const progress: Reporter<TrainingEvent> = {
    report({ kind }) {
      if (kind === "step") isUnderWay = true;
    },
    close() {},
  };
  const interrupt = listenForInterrupt(
    terminal,
    () => `${isUnderWay ? "Finishing the step and saving" : "Stopping"}; press Ctrl-C again to quit at once.`,
  );
  try {
    const signal = steering ? AbortSignal.any([interrupt.signal, steering.stop]) : interrupt.signal;
    const sharing = await sharingFor(request.settings);
    const events = train(request, { signal, now: steering?.now, commands: steering?.commands, sharing });
    const last = await reportAll(
      steering ? untilSaved(events, steering.now) : events,
      [progress, ...reporters],
      terminal,
    );
    if (last?.kind !== "done") terminal.talk(`${unsaved(request.settings)}\n`);
    return last?.kind === "done" && !last.isInterrupted ? exitCodes.done : exitCodes.interrupted;
  } finally {
    interrupt.release();
  }
}

/** Sharing of the run among machines, with --queue. Loaded only then: it needs optional packages. */
async function sharingFor(settings: TrainSettings): Promise<RunSharing | undefined> {
  if (settings.queue === undefined) return undefined;
  return (await import("../../cluster/index.ts")).sharingOf(settings, packageVersion());
}

/** The events of a run; after `now`, only until it has saved, since the abandoned step may still be computing. */
async function* untilSaved(events: AsyncGenerator<TrainingEvent>, now: AbortSignal): AsyncGenerator<TrainingEvent> {
  for (;;) {
    const { done, value } = await events.next();
    if (done) return;
    yield value;
    if (now.aborted && value.kind === "done") return endSoon();
  }
}

/** The message about a run that was stopped before its first step. */
function unsaved({ resume }: TrainSettings): string {
  return resume === undefined
    ? nothingSaved
    : `stopped before the next step: nothing was saved, and ${resume} is unchanged.`;
}

/** caller: how to call the program in suggested commands. */
export function reportersOf(settings: TrainSettings, caller: Caller, terminal: Terminal): Reporter<TrainingEvent>[] {
  return [
    trainingReport(terminal, { settings, caller }),
    ...(settings.events ? [jsonLinesReporter(settings.events)] : []),
    ...(wantsTensorboard(settings) ? [tensorboardReporter(settings, new Date())] : []),
  ];
}
