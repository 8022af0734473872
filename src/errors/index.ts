/** Errors with a code, and how they are shown. */
export { type ErrorCode, errorCodes } from "./codes.ts";
export { atPlace, CoinageError, type ErrorDetails, formatError, withPlace } from "./error.ts";
export {
  isMemoryMessage,
  isThreadMessage,
  machineProblem,
  outOfMemory,
  refusalText,
  tooManyThreads,
} from "./machine.ts";
export { beginningOf, durationText, firstFew, nearestName, plural, printable, printableLine } from "./texts.ts";
