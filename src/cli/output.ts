import { closeSync } from "node:fs";
import { isatty } from "node:tty";
import { CoinageError, type ErrorCode, formatError } from "../errors/index.ts";

export const exitCodes = { done: 0, error: 1, usage: 2, interrupted: 130 } as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Mistakes in the command line itself, told apart from all others as argparse does. */
export const usageErrors: readonly ErrorCode[] = ["USAGE", "SETTINGS_MISSING"];

/** Codes that no user's mistake leads to. */
export const internalErrors: readonly ErrorCode[] = ["FEED", "NOT_DIFFERENTIABLE", "SHAPE"];

/** Whether the command does more than say something. */
let isOutlived = false;
let problem: NodeJS.ErrnoException | undefined;

/** From now on what is done is worth more than what is said of it: output that cannot be written is dropped. */
export function outliveOutput(): void {
  isOutlived = true;
}

/** Keeps output that cannot be written (a closed pipe, a full disk, a terminal that is gone) from ending the process by itself. */
export function guardOutput(): void {
  leaveGoneTerminals();
  // Talk is never worth an end.
  process.stderr.on("error", () => {});
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    problem ??= error;
    // A reader that has seen enough (`| head`) closes the pipe: nothing is wrong then, and nothing left to do.
    if (error.code === "EPIPE" && !isOutlived) process.exit(exitCodes.done);
  });
}

/** At its end, Node (20 at least) puts back how terminals were set, and aborts with SIGABRT where one is gone meanwhile. What is closed it leaves alone. */
function leaveGoneTerminals(): void {
  const terminals = [0, 1, 2].filter((descriptor) => isatty(descriptor));
  process.on("exit", () => {
    for (const descriptor of terminals.filter((descriptor) => !isatty(descriptor))) closeSync(descriptor);
  });
}

/** With which code to end once all is said: results that were the only purpose and are lost are an error. */
export async function codeAfterOutput(code: ExitCode): Promise<ExitCode> {
  await new Promise((resolve) => process.stdout.write("", resolve));
  if (!problem || problem.code === "EPIPE" || isOutlived) return code;
  const error = new CoinageError("OUTPUT_UNWRITABLE", `Results cannot be written to stdout (${problem.code}).`, {
    hint: "Check that the disk or device behind it has room.",
  });
  process.stderr.write(`${formatError(error)}\n`);
  return exitCodes.error;
}
