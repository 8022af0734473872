import type { Terminal } from "./terminal.ts";

/** Someone who hears everything that happens in a run. */
export interface Reporter<Event> {
  /** Takes one event, in order. */
  report(event: Event): void;
  /** Ends the report, whether the run came to its end or not. */
  close(): void;
}

/** Tells every reporter every event; the last event. A reporter that can no longer write (a full disk, a vanished folder) hears
 *  nothing more: the run is worth more than its log. An error of the run is thrown on after all reports were ended. */
export async function reportAll<Event>(
  events: AsyncIterable<Event>,
  reporters: readonly Reporter<NoInfer<Event>>[],
  { talk }: Pick<Terminal, "talk">,
): Promise<Event | undefined> {
  const listening = new Set(reporters);
  let last: Event | undefined;
  try {
    for await (const event of events) {
      for (const reporter of listening) {
        try {
          reporter.report(event);
        } catch (error) {
          if (!isOfSystem(error)) throw error;
          listening.delete(reporter);
          talk(
            `\nwarning: A log cannot be written any more (${error.message}); the run goes on without it.\n`,
            "warning",
          );
        }
      }
      last = event;
    }
    return last;
  } finally {
    for (const reporter of reporters) reporter.close();
  }
}

/** Whether the operating system refused something. */
function isOfSystem(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error;
}
