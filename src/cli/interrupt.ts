import path from "node:path";
import type { Terminal } from "../reporters/index.ts";
import { outliveOutput } from "./output.ts";

/** npm passes Ctrl-C on to a program that the terminal has told already: what comes so soon after is the same key press. */
const samePressMs = 300;

/** What is said of a run that was stopped before its first step. */
export const nothingSaved = "stopped before the first step: nothing was saved.";

export interface Interrupt {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** Gives signals back their usual meaning. */
  release(): void;
}

/** Begins work that is to be ended in order only: the first signal (Ctrl-C, kill, a closed terminal) asks for that end, the second ends the process at once.
 *  message: what is said of the first one, as things stand then. What the work has to say may get lost, since terminals and pipes end before it. */
export function listenForInterrupt(terminal: Terminal, message: () => string): Interrupt {
  outliveOutput();
  const controller = new AbortController();
  const signals = ["SIGINT", "SIGTERM", "SIGQUIT", "SIGHUP"] as const;
  let firstAt: number | undefined;
  const release = (): void => {
    for (const signal of signals) process.off(signal, listener);
  };
  const listener = (signal: NodeJS.Signals): void => {
    if (signal === "SIGHUP" && isUnderNohup(process.env)) return;
    const now = terminal.now();
    const isAgain = firstAt !== undefined && now - firstAt > samePressMs;
    if (isAgain && signal !== "SIGHUP") {
      // The usual way would wait for the computing thread, which cannot be stopped in the middle of a step.
      release();
      process.kill(process.pid, signal);
      return;
    }
    // A closed terminal tells of it several times, and nobody is waiting there.
    if (signal !== "SIGHUP") firstAt ??= now;
    if (!controller.signal.aborted) terminal.talk(`\n${message()}\n`);
    controller.abort();
  };
  for (const signal of signals) process.on(signal, listener);
  return { signal: controller.signal, release };
}

/** Whether a shell has started this by `nohup`. Node puts every signal back to its usual meaning when it starts, so that only the name
 *  tells which bash, zsh and other shells leave of the command that they call. */
function isUnderNohup({ _: called = "" }: NodeJS.ProcessEnv): boolean {
  return path.basename(called) === "nohup";
}

/** The events up to the one at which an end was asked for. */
export async function* until<Event>(signal: AbortSignal, events: AsyncIterable<Event>): AsyncGenerator<Event, void> {
  for await (const event of events) {
    yield event;
    if (signal.aborted) return;
  }
}
