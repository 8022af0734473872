import { CoinageError, machineProblem } from "../errors/index.ts";
import { withoutArrays } from "../events/index.ts";
import { openLogFile } from "./log-file.ts";
import type { Terminal } from "./terminal.ts";

/** A listener to all events of a run. */
export interface Reporter<Event> {
  /** Takes one event, in order. */
  report(event: Event): void;
  /** Ends the report, whether the run was completed or not. */
  close(): void;
}

/** Passes every event to every reporter and returns the last one. A reporter that fails (a full disk, a deleted folder, a bug) gets no further events: the
 *  run matters more than its log. After all reporters are closed an error of the run is rethrown, or else a bug of a reporter. */
export async function reportAll<Event>(
  events: AsyncIterable<Event>,
  reporters: readonly Reporter<NoInfer<Event>>[],
  { talk }: Pick<Terminal, "talk">,
): Promise<Event | undefined> {
  const listening = new Set(reporters);
  const bugs: unknown[] = [];
  const attempt = (reporter: Reporter<NoInfer<Event>>, act: () => void): void => {
    try {
      act();
    } catch (error) {
      const problem = logProblem(error);
      listening.delete(reporter);
      if (!problem) bugs.push(error);
      else talk(`\nwarning: ${problem.message} The run continues without this log.\n`, "warning");
    }
  };
  let last: Event | undefined;
  try {
    for await (const event of events) {
      for (const reporter of listening) attempt(reporter, () => reporter.report(event));
      last = event;
    }
  } finally {
    for (const reporter of reporters) attempt(reporter, () => reporter.close());
  }
  if (bugs.length > 0) throw bugs[0];
  return last;
}

/** Why a log cannot be written, if that is not a bug. */
function logProblem(error: unknown): CoinageError | undefined {
  if (error instanceof CoinageError) return error.code === "OUTPUT_UNWRITABLE" ? error : undefined;
  return machineProblem(error);
}

/** Writes every event to a file at once, as a line of JSON, so that another program can follow.
 *  Pixels and latents are left out; NaN and infinity become null.
 *  @throws OUTPUT_UNWRITABLE when the file cannot be made */
export function jsonLinesReporter(file: string): Reporter<object> {
  const { write, close } = openLogFile(file, `--events ${file}`);
  return { report: (event) => write(`${JSON.stringify(event, withoutArrays)}\n`), close };
}
