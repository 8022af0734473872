/** Generators of events: what they return, and how a signal ends them. */
export {
  resultOf,
  type StopOptions,
  type StopSignal,
  throwIfAborted,
  unlessAborted,
  untilAborted,
  withoutArrays,
} from "./streams.ts";
