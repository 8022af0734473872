import type { Terminal } from "../reporters/index.ts";

/** npm passes Ctrl-C on to a program that the terminal has told already: what comes so soon after is the same key press. */
const samePressMs = 300;

export interface Interrupt {
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal;
  /** Gives Ctrl-C back its usual meaning. */
  release(): void;
}

/** The first Ctrl-C asks for an orderly end, the second ends the process at once. */
export function listenForInterrupt(terminal: Terminal, message: string): Interrupt {
  const controller = new AbortController();
  const signals = ["SIGINT", "SIGTERM"] as const;
  let firstAt: number | undefined;
  const release = (): void => {
    for (const signal of signals) process.off(signal, listener);
  };
  const listener = (signal: NodeJS.Signals): void => {
    const now = terminal.now();
    if (firstAt === undefined) {
      firstAt = now;
      terminal.talk(`\n${message}\n`);
      controller.abort();
    } else if (now - firstAt > samePressMs) {
      // The usual way would wait for the computing thread, which cannot be stopped in the middle of a step.
      release();
      process.kill(process.pid, signal);
    }
  };
  for (const signal of signals) process.on(signal, listener);
  return { signal: controller.signal, release };
}

/** The events up to the one at which an end was asked for. */
export async function* until<Event>(signal: AbortSignal, events: AsyncIterable<Event>): AsyncGenerator<Event, void> {
  for await (const event of events) {
    yield event;
    if (signal.aborted) return;
  }
}
