import { closeSync } from "node:fs";
import { isatty } from "node:tty";
import { CoinageError, type ErrorCode, formatError } from "../errors/index.ts";

/** tryAgain: for a supervisor, as sysexits.h has it (EX_TEMPFAIL). */
export const exitCodes = { done: 0, error: 1, usage: 2, tryAgain: 75, interrupted: 130 } as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Mistakes in the command line itself, which have an exit code of their own as in argparse. */
export const usageErrors: readonly ErrorCode[] = ["USAGE", "SETTINGS_MISSING"];

/** Codes that are never a user's mistake. */
export const internalErrors: readonly ErrorCode[] = ["FEED", "NOT_DIFFERENTIABLE", "SHAPE"];

/** Whether the command does more than print. */
let isOutlived = false;
let problem: NodeJS.ErrnoException | undefined;

/** From now on the work matters more than its output: output that cannot be written is dropped. */
export function outliveOutput(): void {
  isOutlived = true;
}

/** Keeps output that cannot be written (a closed pipe, a full disk, a closed terminal) from ending the process. */
export function guardOutput(): void {
  leaveGoneTerminals();
  // Messages are never worth ending for.
  process.stderr.on("error", () => {});
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    problem ??= error;
    // A reader that has seen enough (`| head`) closes the pipe: nothing is wrong, and nothing is left to do.
    if (error.code === "EPIPE" && !isOutlived) process.exit(exitCodes.done);
  });
}

/** On exit Node (at least 20) restores the settings of terminals and aborts with SIGABRT if one is gone. It ignores closed ones. */
function leaveGoneTerminals(): void {
  const terminals = [0, 1, 2].filter((descriptor) => isatty(descriptor));
  process.on("exit", () => {
    for (const descriptor of terminals.filter((descriptor) => !isatty(descriptor))) closeSync(descriptor);
  });
}

/** The exit code once all output is written: lost results are an error if they were the only purpose. */
export async function codeAfterOutput(code: ExitCode): Promise<ExitCode> {
  await new Promise((resolve) => process.stdout.write("", resolve));
  if (!problem || problem.code === "EPIPE" || isOutlived) return code;
  const error = new CoinageError("OUTPUT_UNWRITABLE", `Results cannot be written to stdout (${problem.code}).`, {
    hint: "Check that the disk or device it goes to has space.",
  });
  process.stderr.write(`${formatError(error)}\n`);
  return exitCodes.error;
}
