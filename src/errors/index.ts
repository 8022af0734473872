import type { ErrorCode } from "./codes.ts";

export { type ErrorCode, errorCodes } from "./codes.ts";

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

/** The text shown to people: code and message, then where, then what to do. */
export function formatError(error: CoinageError): string {
  const lines = [`${error.code}  ${error.message}`];
  if (error.where) lines.push(`  ${error.where}`);
  if (error.hint) lines.push(error.hint);
  return lines.join("\n");
}

/** The candidate nearest to a mistyped name, or undefined when none is near enough to be meant. */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  const written = name.toLowerCase();
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of candidates) {
    // They differ in as many letters as one is longer; a name of a megabyte is not worth comparing.
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue;
    const distance = editDistance(written, candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(replace, previous[j]! + 1, current[j - 1]! + 1));
    }
    previous = current;
  }
  return previous[b.length]!;
}
