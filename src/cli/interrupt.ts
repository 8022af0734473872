import path from "node:path";
import type { Terminal } from "../reporters/index.ts";
import { outliveOutput } from "./output.ts";

/** npm forwards Ctrl-C to a program that has already received it from the terminal: a signal this soon after the first is the same key press. */
const samePressMs = 300;

/** The message about a run that was stopped before its first step. */
export const nothingSaved = "stopped before the first step: nothing was saved.";

export interface Interrupt {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** Restores the default handling of signals. */
  release(): void;
}

/** For work that must stop cleanly: the first signal (Ctrl-C, kill, a closed terminal) asks it to stop, the second ends the process at once.
 *  message: printed at the first one. From here on output that cannot be written is dropped, since terminals and pipes may close first. */
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
      // process.exit would wait for the computing thread, which cannot be stopped within a step
      release();
      process.kill(process.pid, signal);
      return;
    }
    // a closed terminal sends SIGHUP several times: no second request
    if (signal !== "SIGHUP") firstAt ??= now;
    if (!controller.signal.aborted) terminal.talk(`\n${message()}\n`);
    controller.abort();
  };
  for (const signal of signals) process.on(signal, listener);
  return { signal: controller.signal, release };
}

/** Kills the process if it does not end by itself: an abandoned step may compute for minutes. */
export function endSoon(): void {
  setTimeout(() => process.kill(process.pid, "SIGKILL"), samePressMs).unref();
}

/** Ends the process even if an abandoned connection keeps it alive. Only when nothing computes any more: `process.exit` would crash during a computation. */
export function endInOrder(): void {
  setTimeout(() => process.exit(), samePressMs).unref();
}

/** Whether a shell started this with `nohup`. Node resets all signal handling at startup, so the only trace is `_`,
 *  the command that bash, zsh and other shells call. */
function isUnderNohup({ _: called = "" }: NodeJS.ProcessEnv): boolean {
  return path.basename(called) === "nohup";
}
