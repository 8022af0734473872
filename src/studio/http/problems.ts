import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { CoinageError, type ErrorCode, machineProblem, printable } from "../../errors/index.ts";

/** An error as the page gets it: the texts that the command line would print. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly where?: string | undefined;
  readonly hint?: string | undefined;
}

/** HTTP status of errors other than bad requests (400). */
const statuses: Partial<Record<ErrorCode, ContentfulStatusCode>> = {
  HOST_REFUSED: 403,
  ORIGIN_REFUSED: 403,
  KEY_MISSING: 401,
  CSRF_MISSING: 403,
  OUTSIDE_ROOT: 403,
  ROUTE_UNKNOWN: 404,
  DRAFT_UNKNOWN: 404,
  ROOT_UNKNOWN: 404,
  FILE_NOT_FOUND: 404,
  RUN_NOT_FOUND: 404,
  ACTION_INTERRUPTED: 409,
  DRAFT_CHANGED: 409,
  RUN_BUSY: 409,
  RUN_ENDED: 409,
  RUN_CHANGED: 409,
  RUN_NEWER: 409,
  RUN_SMALLEST: 409,
  BODY_TOO_LARGE: 413,
  DRAFT_FULL: 413,
  PICTURE_UNREADABLE: 415,
  DISK_FULL: 507,
  OUTPUT_UNWRITABLE: 500,
  SYSTEM_REFUSED: 500,
  OUT_OF_MEMORY: 500,
};

/** An error as data. Control characters are made visible: names of files may contain anything. */
export function problemOf({ code, message, where, hint }: CoinageError): Problem {
  const shown = (text: string) => printable(text.slice(0, 4000));
  return { code, message: shown(message), ...(where && { where: shown(where) }), ...(hint && { hint: shown(hint) }) };
}

/** The answer for an error: its data, or for a bug only that it is one. extra: what else the page needs to go on. */
export function answerProblem(c: Context, error: unknown, extra: object = {}): Response {
  const known = error instanceof CoinageError ? error : machineProblem(error);
  if (known) return c.json({ problem: problemOf(known), ...extra }, statuses[known.code] ?? 400);
  const problem: Problem = {
    code: "INTERNAL",
    message: "The studio made a mistake. What it was stands in the terminal in which it was started.",
  };
  return c.json({ problem }, 500);
}

/** Whether an error is a bug: neither ours with a code nor one of the machine. */
export function isBug(error: unknown): boolean {
  return !(error instanceof CoinageError) && machineProblem(error) === undefined;
}
