import type { GenerateSettings } from "../options/index.ts";
import { openLogFile } from "./log-file.ts";
import type { Level, Terminal } from "./terminal.ts";

type ConsoleSettings = Pick<GenerateSettings, "consoleLogLevel" | "consoleLogFile" | "consoleLogSimple">;

export interface Console {
  readonly terminal: Terminal;
  readonly close: () => void;
}

/** The terminal of a command as its settings want it: what is told, where to, and how plainly. Results and questions stay as they are.
 *  differs from sd-scripts: the level is for progress too, and simple lines stay on stderr; there both go to stdout, where here
 *  the results are that another program may read.
 *  @throws OUTPUT_UNWRITABLE when the log file cannot be made */
export function openConsole(terminal: Terminal, settings: ConsoleSettings): Console {
  const { consoleLogFile: file, consoleLogSimple: isSimple } = settings;
  const { talk, close } = file === undefined ? { talk: terminal.talk, close: () => {} } : talkToFile(terminal, file);
  const isTold = filterOf(settings);
  return {
    terminal: {
      ...terminal,
      ...((isSimple || file !== undefined) && { isInteractive: false, hasColor: false }),
      talk: (text, level = "info") => {
        if (isTold(level)) talk(text, level);
      },
    },
    close,
  };
}

function filterOf({ consoleLogLevel: threshold = "INFO" }: ConsoleSettings): (level: Level) => boolean {
  if (threshold === "DEBUG" || threshold === "INFO") return () => true;
  return threshold === "WARNING" ? (level) => level === "warning" : () => false;
}

/** Once the file cannot be written any more (a full disk), talk goes to the terminal: the run is worth more than its log. */
function talkToFile(terminal: Terminal, file: string): Pick<Terminal, "talk"> & Pick<Console, "close"> {
  const log = openLogFile(file, `--console_log_file ${file}`);
  let isWritable = true;
  return {
    talk(text, level) {
      try {
        if (isWritable) return log.write(text);
      } catch {
        isWritable = false;
        terminal.talk(`warning: ${file} cannot be written any more; messages come here.\n`, "warning");
      }
      terminal.talk(text, level);
    },
    close: log.close,
  };
}
