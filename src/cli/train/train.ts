import { helpText, readTrainRequest, type TrainRequest, withoutSecrets } from "../../options/index.ts";
import { openConsole, reportListing, type Terminal } from "../../reporters/index.ts";
import { debugDataset } from "../../training/index.ts";
import { type ExitCode, exitCodes } from "../output.ts";
import { asCalled, packageVersion, program } from "../program.ts";
import { readRunCall } from "./folder.ts";
import { teachInFolder } from "./in-folder.ts";
import { reportersOf, teach } from "./teach.ts";

/** `coinage train FLAGS` */
export async function trainCommand(words: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const call = await readRunCall(words);
  const request = await readTrainRequest(call.words, "train", call.replaced);
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
    if (request.settings.run !== undefined)
      return await teachInFolder(request, { call, words, screen: screen.terminal, terminal });
    const caller = { program: program(), words: ["train", ...withoutSecrets(words)] };
    return await teach(request, reportersOf(request.settings, caller, screen.terminal), terminal);
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
