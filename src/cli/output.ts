import { closeSync } from "node:fs";
import { isatty } from "node:tty";
import { CoinageError, type ErrorCode, formatError } from "../errors/index.ts";

/** tryAgain: EX_TEMPFAIL of sysexits.h, for supervisors. */
export const exitCodes = { done: 0, error: 1, usage: 2, tryAgain: 75, interrupted: 130 } as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Mistakes in the command line itself, with their own exit code as in argparse. */
export const usageErrors: readonly ErrorCode[] = ["USAGE", "SETTINGS_MISSING"];

/** Codes that are never a user's mistake. */
export const internalErrors: readonly ErrorCode[] = ["FEED", "NOT_DIFFERENTIABLE", "SHAPE"];

/** Whether the command does more than print, so that lost output must not end it. */
let isOutlived = false;
let problem: NodeJS.ErrnoException | undefined;

/** From now on, drops output that cannot be written instead of ending: the work matters more. */
export function outliveOutput(): void {
  isOutlived = true;
}

/** Keeps output that cannot be written (a closed pipe, a full disk, a closed terminal) from ending the process. */
export function guardOutput(): void {
  leaveGoneTerminals();
  // lost messages never end the process
  process.stderr.on("error", () => {});
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    problem ??= error;
    // the reader has closed the pipe (`| head`): not an error, and nothing is left to do
    if (error.code === "EPIPE" && !isOutlived) process.exit(exitCodes.done);
  });
}

/** Closes terminals that are gone: on exit, Node (at least 20) restores the settings of open ones and aborts with SIGABRT if one is gone. */
function leaveGoneTerminals(): void {
  const terminals = [0, 1, 2].filter((descriptor) => isatty(descriptor));
  process.on("exit", () => {
    for (const descriptor of terminals.filter((descriptor) => !isatty(descriptor))) closeSync(descriptor);
  });
}

/** The exit code after all output is written: lost results are an error if they were the only purpose. */
export async function codeAfterOutput(code: ExitCode): Promise<ExitCode> {
  await new Promise((resolve) => process.stdout.write("", resolve));
  if (!problem || problem.code === "EPIPE" || isOutlived) return code;
  const error = new CoinageError("OUTPUT_UNWRITABLE", `Results cannot be written to stdout (${problem.code}).`, {
    hint: "Check that the disk or device it goes to has space.",
  });
  process.stderr.write(`${formatError(error)}\n`);
  return exitCodes.error;
}
