/** What is asked of an AbortSignal. Named here, so that the published types need none of Node's or the DOM's. */
export interface StopSignal {
  readonly aborted: boolean;
  /** What a promise that gives up rejects with. */
  readonly reason?: unknown;
  addEventListener?(type: "abort", listener: () => void): void;
  removeEventListener?(type: "abort", listener: () => void): void;
}

/** Options of what can be stopped early. */
export interface StopOptions {
  /** An AbortSignal: aborting finishes the running step and ends. A generator then returns early, a promise rejects with the signal's reason. */
  readonly signal?: StopSignal | undefined;
}

/** Runs a generator of events to its end, and gives what it returns. onEvent: called with every event.
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

/** What a generator returns; undefined when it was left because of the signal, after the event under way. */
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

/** @throws the signal's reason once it is aborted */
export function throwIfAborted(signal: StopSignal | undefined): void {
  if (signal?.aborted) throw signal.reason;
}

/** Items as they come in, until an abort: it ends the wait for the next one, too. */
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
    // not waited for: an iterator that waits for an item itself ends only when that one comes
    iterator.return?.().catch(() => {});
  }
}

/** For JSON.stringify: leaves pixels and latents of events out. */
export function withoutArrays(_: string, value: unknown): unknown {
  return ArrayBuffer.isView(value) ? undefined : value;
}
