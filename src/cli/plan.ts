import { helpText, readTrainRequest } from "../options/index.ts";
import { planText, type Terminal } from "../reporters/index.ts";
import { planTraining } from "../training/index.ts";
import { commands } from "./commands.ts";
import { type ExitCode, exitCodes } from "./output.ts";
import { asCalled } from "./program.ts";

const help = `Usage: coinage ${commands.plan.usage}
Estimates how much memory and time training with these flags would take, and compares other settings. Nothing is trained or written;
a model on the hub is downloaded.

  --json   one line of JSON
  FLAGS    those of coinage train
`;

/** `coinage plan FLAGS [--json]` */
export async function planCommand(words: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const flags = words.filter((word) => word !== "--json");
  const request = await readTrainRequest(flags, "plan");
  if (request.kind === "help") {
    terminal.result(asCalled(`${help}\n${helpText("train", terminal.columns())}\n`));
    return exitCodes.done;
  }
  for (const { message } of request.warnings) terminal.talk(`warning: ${message}\n`, "warning");
  if (request.kind === "settingsWritten") {
    terminal.result(`${request.file}\n`);
    return exitCodes.done;
  }
  const planned = await planTraining(request.settings);
  const lines = flags.length < words.length ? [JSON.stringify(planned)] : planText(planned);
  terminal.result(`${lines.join("\n")}\n`);
  return exitCodes.done;
}
