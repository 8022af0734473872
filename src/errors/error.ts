import type { ErrorCode } from "./codes.ts";

export interface ErrorDetails {
  /** Where it happened, as the user knows the place: a flag, a file and line, a picture. */
  readonly where?: string;
  /** What to do about it. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** A mistake we can name: code, what happened, where and what to do. Anything else that is thrown is a defect of ours. */
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
