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

/** How a run is steered from outside this terminal. */
interface Steering {
  /** Aborted when the run is to stop. */
  readonly stop: AbortSignal;
  /** Aborted when it is not to finish the step under way. */
  readonly now: AbortSignal;
  /** What else it is to do between two steps. */
  readonly commands: () => readonly TrainingCommand[];
}

/** terminal: where Ctrl-C is answered, regardless of the console settings. steering: from elsewhere. */
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

/** What shares the run among machines, with --queue. Loaded only then: it needs packages that not everybody has. */
async function sharingFor(settings: TrainSettings): Promise<RunSharing | undefined> {
  if (settings.queue === undefined) return undefined;
  return (await import("../../cluster/index.ts")).sharingOf(settings, packageVersion());
}

/** The events of a run that is not waited for once it has saved, if it was told to stop now: a step that was given up computes on. */
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

/** caller: to show the next commands in the same way. */
export function reportersOf(settings: TrainSettings, caller: Caller, terminal: Terminal): Reporter<TrainingEvent>[] {
  return [
    trainingReport(terminal, { settings, caller }),
    ...(settings.events ? [jsonLinesReporter(settings.events)] : []),
    ...(wantsTensorboard(settings) ? [tensorboardReporter(settings, new Date())] : []),
  ];
}
