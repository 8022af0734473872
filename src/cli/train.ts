import { helpText, readTrainRequest, type TrainRequest, type TrainSettings, withoutSecrets } from "../options/index.ts";
import {
  jsonLinesReporter,
  openConsole,
  type Reporter,
  reportAll,
  reportListing,
  type Terminal,
  tensorboardReporter,
  trainingReport,
  wantsTensorboard,
} from "../reporters/index.ts";
import { debugDataset, type TrainingEvent, train } from "../training/index.ts";
import { listenForInterrupt, nothingSaved } from "./interrupt.ts";
import { type ExitCode, exitCodes } from "./output.ts";
import { asCalled, packageVersion, program } from "./program.ts";

/** `coinage train FLAGS` */
export async function trainCommand(words: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const request = await readTrainRequest(words);
  if (request.kind === "help") {
    terminal.result(asCalled(`${helpText("train", terminal.columns())}\n`));
    return exitCodes.done;
  }
  if (request.kind === "settingsWritten") {
    for (const { message } of request.warnings) terminal.talk(`warning: ${message}\n`);
    terminal.result(`${request.file}\n`);
    return exitCodes.done;
  }
  const screen = openConsole(terminal, request.settings);
  try {
    if (request.settings.debugDataset) return await list(request, screen.terminal);
    screen.terminal.talk(`coinage ${packageVersion()}\n`);
    return await teach(request, reportersOf(request.settings, words, screen.terminal), terminal);
  } finally {
    screen.close();
  }
}

type TrainingRequest = Extract<TrainRequest, { readonly kind: "train" }>;

async function list({ settings, warnings }: TrainingRequest, terminal: Terminal): Promise<ExitCode> {
  for (const { message } of warnings) terminal.talk(`warning: ${message}\n`, "warning");
  for await (const event of debugDataset(settings)) reportListing(event, terminal);
  return exitCodes.done;
}

/** terminal: where Ctrl-C is answered, regardless of the console settings. */
async function teach(
  request: TrainingRequest,
  reporters: readonly Reporter<TrainingEvent>[],
  terminal: Terminal,
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
    const events = train(request, { signal: interrupt.signal });
    const last = await reportAll(events, [progress, ...reporters], terminal);
    if (last?.kind !== "done") terminal.talk(`${unsaved(request.settings)}\n`);
    return last?.kind === "done" && !last.isInterrupted ? exitCodes.done : exitCodes.interrupted;
  } finally {
    interrupt.release();
  }
}

/** The message about a run that was stopped before its first step. */
function unsaved({ resume }: TrainSettings): string {
  return resume === undefined
    ? nothingSaved
    : `stopped before the next step: nothing was saved, and ${resume} is unchanged.`;
}

function reportersOf(settings: TrainSettings, words: readonly string[], terminal: Terminal): Reporter<TrainingEvent>[] {
  const caller = { program: program(), words: ["train", ...withoutSecrets(words)] };
  return [
    trainingReport(terminal, { settings, caller }),
    ...(settings.events ? [jsonLinesReporter(settings.events)] : []),
    ...(wantsTensorboard(settings) ? [tensorboardReporter(settings, new Date())] : []),
  ];
}
