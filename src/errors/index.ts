import type { CoinageError } from "./error.ts";
import { printable } from "./printable.ts";

export { type ErrorCode, errorCodes } from "./codes.ts";
export { atPlace, CoinageError, type ErrorDetails, withPlace } from "./error.ts";
export { beginningOf, firstFew } from "./excerpts.ts";
export {
  isMemoryMessage,
  isThreadMessage,
  machineProblem,
  outOfMemory,
  refusalText,
  tooManyThreads,
} from "./machine.ts";
export { printable, printableLine } from "./printable.ts";

/** Names from files may be of any length; what is told about them is not. */
const longestText = 4000;

/** The text shown to people: code and message, then where, then what to do. */
export function formatError(error: CoinageError): string {
  const lines = [`${error.code}  ${shortened(error.message)}`];
  if (error.where) lines.push(`  ${shortened(error.where)}`);
  if (error.hint) lines.push(shortened(error.hint));
  return printable(lines.join("\n"));
}

function shortened(text: string): string {
  return text.length > longestText ? `${text.slice(0, longestText)}... (${text.length} characters)` : text;
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
