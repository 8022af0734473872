import { unlessAborted } from "../events/index.ts";
import { generateFromSettings, typedLines } from "../generation/index.ts";
import { checkGenerateSettings, helpText, parseGenerateArguments } from "../options/index.ts";
import { generationReport, jsonLinesReporter, openConsole, reportAll, type Terminal } from "../reporters/index.ts";
import { listenForInterrupt } from "./interrupt.ts";
import { type ExitCode, exitCodes } from "./output.ts";
import { asCalled, packageVersion } from "./program.ts";

/** `coinage generate FLAGS` */
export async function generateCommand(words: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const parsed = parseGenerateArguments(words);
  if (parsed.isHelpAsked) {
    terminal.result(asCalled(`${helpText("generate", terminal.columns())}\n`));
    return exitCodes.done;
  }
  const checked = checkGenerateSettings(parsed);
  const { settings } = checked;
  const screen = openConsole(terminal, settings);
  screen.terminal.talk(`coinage ${packageVersion()}\n`);
  const interrupt = listenForInterrupt(
    terminal,
    () => "Stopping after the current step; press Ctrl-C again to quit at once.",
  );
  try {
    const prompts = settings.interactive ? typedLines(process.stdin, interrupt.signal) : undefined;
    const events = unlessAborted(generateFromSettings(checked, { prompts }), interrupt.signal);
    const reporters = [
      generationReport(screen.terminal),
      ...(settings.events ? [jsonLinesReporter(settings.events)] : []),
    ];
    const last = await reportAll(events, reporters, terminal);
    return last?.kind === "done" ? exitCodes.done : exitCodes.interrupted;
  } finally {
    interrupt.release();
    screen.close();
  }
}
