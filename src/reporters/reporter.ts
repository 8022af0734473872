/** Someone who hears everything that happens in a run. */
export interface Reporter<Event> {
  /** Takes one event, in order. */
  report(event: Event): void;
  /** Ends the report, whether the run came to its end or not. */
  close(): void;
}

/** Tells every reporter every event; the last event. An error of the run is thrown on after all reports were ended. */
export async function reportAll<Event>(
  events: AsyncIterable<Event>,
  reporters: readonly Reporter<NoInfer<Event>>[],
): Promise<Event | undefined> {
  let last: Event | undefined;
  try {
    for await (const event of events) {
      for (const reporter of reporters) reporter.report(event);
      last = event;
    }
    return last;
  } finally {
    for (const reporter of reporters) reporter.close();
  }
}
