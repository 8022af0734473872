import { train } from "../index.ts";
import { helpText, readTrainRequest, type TrainSettings } from "../options/index.ts";
import {
  jsonLinesReporter,
  type Reporter,
  reportAll,
  reportListing,
  type Terminal,
  tensorboardReporter,
  trainingReport,
  wantsTensorboard,
} from "../reporters/index.ts";
import { debugDataset, type TrainingEvent } from "../training/index.ts";
import { packageVersion, program } from "./environment.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import { listenForInterrupt } from "./interrupt.ts";

/** `coinage train FLAGS` */
export async function trainCommand(words: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const request = await readTrainRequest(words);
  if (request.kind === "help") {
    terminal.result(`${helpText("train", terminal.columns())}\n`);
    return exitCodes.done;
  }
  if (request.kind === "settingsWritten") {
    for (const { message } of request.warnings) terminal.talk(`warning: ${message}\n`);
    terminal.result(`${request.file}\n`);
    return exitCodes.done;
  }
  const { settings, warnings } = request;
  if (settings.debugDataset) {
    for (const { message } of warnings) terminal.talk(`warning: ${message}\n`);
    for await (const event of debugDataset(settings)) reportListing(event, terminal);
    return exitCodes.done;
  }
  terminal.talk(`coinage ${packageVersion()}\n`);
  const interrupt = listenForInterrupt(terminal, "Finishing the step and saving; Ctrl-C again leaves at once.");
  try {
    const events = train(settings, { signal: interrupt.signal, settingsWarnings: warnings });
    const last = await reportAll(events, reportersOf(settings, words, terminal));
    return last?.kind === "done" && !last.isInterrupted ? exitCodes.done : exitCodes.interrupted;
  } finally {
    interrupt.release();
  }
}

function reportersOf(settings: TrainSettings, words: readonly string[], terminal: Terminal): Reporter<TrainingEvent>[] {
  const caller = { program, words: ["train", ...words] };
  return [
    trainingReport(terminal, { settings, caller }),
    ...(settings.events ? [jsonLinesReporter(settings.events)] : []),
    ...(wantsTensorboard(settings) ? [tensorboardReporter(settings, new Date())] : []),
  ];
}
