import { printable } from "../errors/index.ts";
import type { GenerateSettings } from "../options/index.ts";
import { openLogFile } from "./log-file.ts";

/** How much something that is said matters. */
export type Level = "info" | "warning";

/** Where a command speaks. */
export interface Terminal {
  /** Writes talk: what people read along the way; info unless said. */
  readonly talk: (text: string, level?: Level) => void;
  /** Asks whoever sits before a screen for a line; elsewhere nothing is written. */
  readonly ask: (question: string) => void;
  /** Writes a result: what another program may read. */
  readonly result: (text: string) => void;
  /** Whether talk goes to a screen on which a line can be written over. */
  readonly isInteractive: boolean;
  readonly hasColor: boolean;
  /** Characters of a line. */
  readonly columns: () => number;
  /** Milliseconds on a clock that only runs forward. */
  readonly now: () => number;
}

const usualColumns = 80;

/** The terminal of this process: talk to stderr, results to stdout. NO_COLOR and TERM=dumb are followed. */
export function processTerminal(): Terminal {
  const { stdout, stderr } = process;
  const isScreen = Boolean(stderr.isTTY) && process.env.TERM !== "dumb";
  return {
    talk: (text) => stderr.write(obeyed(text)),
    ask: (question) => {
      if (isScreen) stderr.write(question);
    },
    // Another program gets names of files as they are.
    result: (text) => stdout.write(stdout.isTTY ? printable(text) : text),
    isInteractive: isScreen,
    hasColor: isScreen && !process.env.NO_COLOR && stderr.hasColors(),
    // Some terminals claim to have 0 columns: serial lines, editors, programs that record.
    columns: () => (stderr.columns > 0 ? stderr.columns : usualColumns),
    now: () => performance.now(),
  };
}

/** What the terminal may be told to do: go back to the line's start, erase it, and the paints below. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are such characters
const ownCodes = /(\r|\x1b\[(?:K|1m|22m|33m|39m))/;

/** A text in which only our own codes are left to be obeyed. */
function obeyed(text: string): string {
  return text
    .split(ownCodes)
    .map((part, i) => (i % 2 === 1 ? part : printable(part)))
    .join("");
}

export type Paint = (text: string) => string;

/** Colours by meaning; without colour the texts as they are. */
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
