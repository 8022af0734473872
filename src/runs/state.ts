import type { Digest } from "./journal/digest.ts";
import type { RunRecord } from "./record.ts";

/** What a run is at. lost: its process is gone and has not said why. */
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

/** What of a run's folder tells its state. */
export interface RunFacts {
  readonly wanted: RunRecord["wanted"];
  /** Whether a living process holds the run. */
  readonly isHeld: boolean;
  /** Whether a command to stop waits to be obeyed. */
  readonly isStopAsked: boolean;
  /** Since the folder was made or wanted something else, in milliseconds. */
  readonly ageMs: number;
  readonly digest: Pick<Digest, "session" | "phase" | "outcome">;
}

/** A process has this long to open a run that was started, in milliseconds: node and the program have to be loaded. */
const openingMs = 20_000;

/** The state of a run, from its folder alone. */
export function stateOf({ wanted, isHeld, isStopAsked, ageMs, digest }: RunFacts): RunState {
  const { session, phase, outcome } = digest;
  if (isHeld) {
    // between taking the lock and opening, or between closing and releasing it
    if (session === "closed") return wanted === "queued" ? "starting" : outcome!;
    if (session === "none") return "starting";
    return isStopAsked ? "stopping" : phase;
  }
  if (wanted === "queued") return "queued";
  if (session === "open") return "lost";
  if (session === "closed") return outcome!;
  if (wanted === "draft") return "draft";
  return ageMs < openingMs ? "starting" : "lost";
}

/** Whether a process is at work on a run in this state. */
export function isUnderWay(state: RunState): boolean {
  return ["starting", "running", "sampling", "stopping"].includes(state);
}
