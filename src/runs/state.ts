import type { Digest } from "./journal/digest.ts";
import type { RunRecord } from "./record.ts";

/** The state of a run. lost: its process is gone and has not said why. */
export type RunState =
  | "draft"
  | "queued"
  | "starting"
  | "running"
  | "sampling"
  | "stopping"
  | "stopped"
  | "done"
  | "failed"
  | "lost";

/** Facts from a run's folder that determine its state. */
export interface RunFacts {
  readonly wanted: RunRecord["wanted"];
  /** Whether a living process has locked the run. */
  readonly isHeld: boolean;
  /** Whether a stop command is waiting. */
  readonly isStopAsked: boolean;
  /** A process that was started for the run since the last event and has not opened it. */
  readonly start: { readonly isAlive: boolean } | undefined;
  /** Milliseconds since the record was last written. */
  readonly ageMs: number;
  readonly digest: Pick<Digest, "session" | "phase" | "outcome">;
}

/** Longest time between writing the record of a run that is to start and noting its process, in milliseconds: files are written meanwhile, on a machine that may be
 *  busy. The process itself may take as long as it needs. */
const notingMs = 20_000;

/** The state of a run, from its folder alone. */
export function stateOf({ wanted, isHeld, isStopAsked, start, ageMs, digest }: RunFacts): RunState {
  const { session, phase, outcome } = digest;
  if (isHeld) {
    // between taking the lock and opening, or between closing and releasing it
    if (session === "closed") return start ? "starting" : outcome!;
    if (session === "none") return "starting";
    return isStopAsked ? "stopping" : phase;
  }
  if (wanted === "queued") return "queued";
  if (start) return start.isAlive ? "starting" : "failed";
  if (session === "open") return "lost";
  if (session === "closed") return outcome!;
  if (wanted === "draft") return "draft";
  return ageMs < notingMs ? "starting" : "lost";
}

/** Whether a run in this state waits for its turn, or a process is at work on it. */
export function isUnfinished(state: RunState | undefined): boolean {
  return state === "queued" || (state !== undefined && isUnderWay(state));
}

/** Whether a process is at work on a run in this state. */
export function isUnderWay(state: RunState): boolean {
  return ["starting", "running", "sampling", "stopping"].includes(state);
}
