import type { ErrorCode } from "./codes.ts";
import { printable } from "./texts.ts";

export interface ErrorDetails {
  /** Where it happened, in terms the user knows: a flag, a file and line, an image. */
  readonly where?: string;
  /** What to do about it. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** An error with a code, what happened, where, and what to do. Anything else that is thrown is a bug. */
export class CoinageError extends Error {
  override readonly name = "CoinageError";
  readonly code: ErrorCode;
  readonly where: string | undefined;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.where = details.where;
    this.hint = details.hint;
  }
}

/** Sets `where`: the place in which the user wrote what the error is about. Only CoinageErrors are changed. */
export function withPlace(error: unknown, where: string): unknown {
  if (!(error instanceof CoinageError)) return error;
  const { code, message, hint } = error;
  return new CoinageError(code, message, { where, ...(hint && { hint }), cause: error });
}

/** Runs `work` and returns its result; its errors get the place. */
export function atPlace<Result>(where: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw withPlace(error, where);
  }
}

/** The text shown to users: code and message, then where, then what to do. */
export function formatError(error: CoinageError): string {
  const lines = [`${error.code}  ${shortened(error.message)}`];
  if (error.where) lines.push(`  ${shortened(error.where)}`);
  if (error.hint) lines.push(shortened(error.hint));
  return printable(lines.join("\n"));
}

/** Names from files may have any length; messages must not. */
const longestText = 4000;

function shortened(text: string): string {
  return text.length > longestText ? `${text.slice(0, longestText)}... (${text.length} characters)` : text;
}
