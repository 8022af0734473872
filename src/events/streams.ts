/** The part of an AbortSignal that is used. Defined here so that the published types depend on neither Node's nor the DOM's. */
export interface StopSignal {
  readonly aborted: boolean;
  /** The reason with which a stopped promise rejects. */
  readonly reason?: unknown;
  addEventListener?(type: "abort", listener: () => void): void;
  removeEventListener?(type: "abort", listener: () => void): void;
}

/** Options of operations that can be stopped early. */
export interface StopOptions {
  /** An AbortSignal: aborting finishes the current step and stops. A generator then returns early, a promise rejects with the signal's reason. */
  readonly signal?: StopSignal | undefined;
}

/** Runs a generator of events to its end and returns its result. onEvent: called with every event.
 *
 *  ```ts
 *  const learned = await resultOf(train(settings), (event) => console.log(event.kind));
 *  ``` */
export async function resultOf<Event, Result>(
  run: AsyncGenerator<Event, Result>,
  onEvent: (event: Event) => void = () => {},
): Promise<Result> {
  for (;;) {
    const { done, value } = await run.next();
    if (done) return value;
    onEvent(value);
  }
}

/** Passes on a generator's events and result; once the signal is aborted, ends after the current event and returns undefined. */
export async function* unlessAborted<Event, Result>(
  run: AsyncGenerator<Event, Result>,
  signal: StopSignal | undefined,
): AsyncGenerator<Event, Result | undefined> {
  try {
    while (!signal?.aborted) {
      const { done, value } = await run.next();
      if (done) return value;
      yield value;
    }
    return undefined;
  } finally {
    await run.return(undefined as Result);
  }
}

/** @throws the signal's reason if it is aborted */
export function throwIfAborted(signal: StopSignal | undefined): void {
  if (signal?.aborted) throw signal.reason;
}

/** Passes on items until the signal is aborted, which also ends the wait for the next item. */
export async function* untilAborted<Item>(
  items: AsyncIterable<Item>,
  signal: StopSignal | undefined,
): AsyncGenerator<Item, void> {
  let stop = (): void => {};
  const stopped = new Promise<undefined>((resolve) => {
    stop = () => resolve(undefined);
  });
  const iterator = items[Symbol.asyncIterator]();
  signal?.addEventListener?.("abort", stop);
  try {
    while (!signal?.aborted) {
      const next = await Promise.race([iterator.next(), stopped]);
      if (!next || next.done) return;
      yield next.value;
    }
  } finally {
    signal?.removeEventListener?.("abort", stop);
    // not awaited: an iterator that waits for an item itself ends only when that item arrives
    iterator.return?.().catch(() => {});
  }
}

/** A replacer for JSON.stringify that leaves out pixels and latents of events. */
export function withoutArrays(_: string, value: unknown): unknown {
  return ArrayBuffer.isView(value) ? undefined : value;
}
