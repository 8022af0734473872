import { printable } from "../errors/index.ts";
import type { GenerateSettings } from "../options/index.ts";
import { openLogFile } from "./log-file.ts";

/** Importance of a message. */
export type Level = "info" | "warning";

/** Where a command prints. */
export interface Terminal {
  /** Writes a message for people; info by default. */
  readonly talk: (text: string, level?: Level) => void;
  /** Prompts for a line on a screen; elsewhere nothing is written. */
  readonly ask: (question: string) => void;
  /** Writes a result, which another program may read. */
  readonly result: (text: string) => void;
  /** Whether messages go to a screen on which a line can be overwritten. */
  readonly isInteractive: boolean;
  readonly hasColor: boolean;
  /** Width of a line, in characters. */
  readonly columns: () => number;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

const usualColumns = 80;

/** The terminal of this process: messages to stderr, results to stdout. NO_COLOR and TERM=dumb are respected. */
export function processTerminal(): Terminal {
  const { stdout, stderr } = process;
  const isScreen = Boolean(stderr.isTTY) && process.env.TERM !== "dumb";
  return {
    talk: (text) => stderr.write(obeyed(text)),
    ask: (question) => {
      if (isScreen) stderr.write(question);
    },
    // Another program gets file names unchanged.
    result: (text) => stdout.write(stdout.isTTY ? printable(text) : text),
    isInteractive: isScreen,
    hasColor: isScreen && !process.env.NO_COLOR && stderr.hasColors(),
    // Some terminals claim 0 columns: serial lines, editors, recorders.
    columns: () => (stderr.columns > 0 ? stderr.columns : usualColumns),
    now: () => performance.now(),
  };
}

/** Control codes that are passed on: carriage return, erase line, and the colours below. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const ownCodes = /(\r|\x1b\[(?:K|1m|22m|33m|39m))/;

/** A text in which all other control codes are made visible. */
function obeyed(text: string): string {
  return text
    .split(ownCodes)
    .map((part, i) => (i % 2 === 1 ? part : printable(part)))
    .join("");
}

export type Paint = (text: string) => string;

/** Colours by meaning; without colours, texts stay unchanged. */
export function paints({ hasColor }: Pick<Terminal, "hasColor">): Readonly<Record<"strong" | "warn", Paint>> {
  const paint =
    (on: number, off: number): Paint =>
    (text) =>
      hasColor ? `\x1b[${on}m${text}\x1b[${off}m` : text;
  return { strong: paint(1, 22), warn: paint(33, 39) };
}

type ConsoleSettings = Pick<GenerateSettings, "consoleLogLevel" | "consoleLogFile" | "consoleLogSimple">;

export interface Console {
  readonly terminal: Terminal;
  readonly close: () => void;
}

/** The terminal of a command, with messages filtered, redirected and simplified by its console settings. Results and prompts are unaffected.
 *  differs from sd-scripts: --console_log_level does not affect progress, and --console_log_simple moves messages to stdout.
 *  coinage: --console_log_level applies to progress too, and messages stay on stderr.
 *  because: stdout is for results that another program may read.
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

/** If the file can no longer be written (a full disk), messages go to the terminal: the run matters more than its log. */
function talkToFile(terminal: Terminal, file: string): Pick<Terminal, "talk"> & Pick<Console, "close"> {
  const log = openLogFile(file, `--console_log_file ${file}`);
  let isWritable = true;
  return {
    talk(text, level) {
      try {
        if (isWritable) return log.write(text);
      } catch {
        isWritable = false;
        terminal.talk(`warning: ${file} can no longer be written; messages are shown here instead.\n`, "warning");
      }
      terminal.talk(text, level);
    },
    close: log.close,
  };
}
