import { CoinageError, machineProblem } from "../errors/index.ts";
import type { Terminal } from "./terminal.ts";

/** Someone who hears everything that happens in a run. */
export interface Reporter<Event> {
  /** Takes one event, in order. */
  report(event: Event): void;
  /** Ends the report, whether the run came to its end or not. */
  close(): void;
}

/** Tells every reporter every event; the last event. A reporter that fails (a full disk, a vanished folder, a defect of ours) hears nothing more: the
 *  run is worth more than its log. An error of the run is thrown on after all reports were ended, and else a defect of a reporter. */
export async function reportAll<Event>(
  events: AsyncIterable<Event>,
  reporters: readonly Reporter<NoInfer<Event>>[],
  { talk }: Pick<Terminal, "talk">,
): Promise<Event | undefined> {
  const listening = new Set(reporters);
  const defects: unknown[] = [];
  const attempt = (reporter: Reporter<NoInfer<Event>>, act: () => void): void => {
    try {
      act();
    } catch (error) {
      const problem = logProblem(error);
      listening.delete(reporter);
      if (!problem) defects.push(error);
      else talk(`\nwarning: ${problem.message} The run goes on without this log.\n`, "warning");
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
  if (defects.length > 0) throw defects[0];
  return last;
}

/** What hinders a log, where it is nothing of the run. */
function logProblem(error: unknown): CoinageError | undefined {
  if (error instanceof CoinageError) return error.code === "OUTPUT_UNWRITABLE" ? error : undefined;
  return machineProblem(error);
}
