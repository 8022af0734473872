import type { Entry, Outcome, ProblemData } from "./events.ts";

/** What a process that has opened a run is doing. */
type Phase = "starting" | "running" | "sampling" | "stopping";

/** The state of a run by its journal. */
export interface Digest {
  /** Number of the last event. */
  readonly seq: number;
  /** Its time, in milliseconds since 1970. */
  readonly time: number | undefined;
  /** none: no process has opened the run yet; closed: the last one has ended its work. */
  readonly session: "none" | "open" | "closed";
  readonly phase: Phase;
  readonly outcome: Outcome | undefined;
  readonly problem: ProblemData | undefined;
  readonly pid: number | undefined;
  readonly step: number | undefined;
  readonly steps: number | undefined;
  readonly loss: number | undefined;
  readonly averageLoss: number | undefined;
  readonly samplesPerSecond: number | undefined;
  readonly remainingSeconds: number | undefined;
  readonly memory: Extract<Entry, { readonly kind: "memory" }> | undefined;
  /** The last embedding written. */
  readonly file: string | undefined;
}

/** The digest of a journal without events. */
export const nothingYet: Digest = {
  seq: 0,
  time: undefined,
  session: "none",
  phase: "starting",
  outcome: undefined,
  problem: undefined,
  pid: undefined,
  step: undefined,
  steps: undefined,
  loss: undefined,
  averageLoss: undefined,
  samplesPerSecond: undefined,
  remainingSeconds: undefined,
  memory: undefined,
  file: undefined,
};

/** The digest of these events. isWhole: they are all; otherwise they are the last ones, and the run counts as running unless they say otherwise. */
export function digestOf(entries: readonly Entry[], isWhole: boolean): Digest {
  const start: Digest = isWhole ? nothingYet : { ...nothingYet, session: "open", phase: "running" };
  return entries.reduce(digestAfter, start);
}

/** The digest after one more event. Unknown events, of later versions, change only `seq` and `time`. */
export function digestAfter(digest: Digest, entry: Entry): Digest {
  const now = { ...digest, seq: entry.seq, time: entry.time };
  switch (entry.kind) {
    case "opened":
      return {
        ...now,
        ...{ session: "open", phase: "starting", outcome: undefined, problem: undefined, memory: undefined },
        ...{ pid: entry.pid, remainingSeconds: undefined },
      };
    case "start":
      return { ...now, steps: entry.run.steps, step: entry.run.resumed?.step ?? 0 };
    case "step": {
      const { step, steps, loss, averageLoss, samplesPerSecond, remainingSeconds } = entry;
      const isStopping = digest.phase === "stopping";
      const phase = isStopping ? "stopping" : "running";
      return { ...now, phase, step, steps, loss, averageLoss, samplesPerSecond, remainingSeconds };
    }
    case "sampling":
      return digest.phase === "stopping" ? now : { ...now, phase: "sampling" };
    case "sample":
      return digest.phase === "sampling" ? { ...now, phase: "running" } : now;
    case "stopping":
      return { ...now, phase: "stopping" };
    case "saved":
      return { ...now, file: entry.file };
    case "answer":
      if (isStop(entry)) return { ...now, phase: "stopping" };
      // the image was not drawn
      return entry.command === "sample" && digest.phase === "sampling" ? { ...now, phase: "running" } : now;
    case "memory":
      return { ...now, memory: entry };
    case "closed":
      return { ...now, session: "closed", outcome: entry.outcome, problem: entry.problem };
    default:
      return now;
  }
}

function isStop({ command, problem }: Extract<Entry, { readonly kind: "answer" }>): boolean {
  return (command === "stop" || command === "stopNow") && problem === undefined;
}
