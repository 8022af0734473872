import type { TrainingEvent } from "../../training/index.ts";

/** How a run ended. */
export type Outcome = "done" | "stopped" | "failed";

/** Events in a journal besides those of training. */
export type RunEvent =
  /** A process has opened the run. */
  | { readonly kind: "opened"; readonly pid: number; readonly host: string; readonly version: string }
  /** An image was requested; the `answer` with the same id says how it went. */
  | { readonly kind: "asked"; readonly id: string; readonly prompt: string; readonly seed?: number | undefined }
  /** A command was carried out, or could not be: `problem`. id: the name of its file without extension. */
  | {
      readonly kind: "answer";
      readonly id: string;
      readonly command: string;
      readonly problem?: string | undefined;
      /** The new value, after `set`. */
      readonly sampleEvery?: number | undefined;
    }
  /** The state was written that the run resumes from if its process is lost. */
  | { readonly kind: "kept"; readonly step: number }
  /** Memory in bytes: of the process, now and at its peak; of the machine, free and total. Written when it has changed. */
  | {
      readonly kind: "memory";
      readonly rssBytes: number;
      readonly peakBytes: number;
      readonly freeBytes: number;
      readonly totalBytes: number;
    }
  /** The process has ended its work. Without this event it was lost. */
  | { readonly kind: "closed"; readonly outcome: Outcome; readonly problem?: ProblemData | undefined };

/** An error as plain data. */
export interface ProblemData {
  readonly code: string;
  readonly message: string;
  readonly where?: string | undefined;
  readonly hint?: string | undefined;
}

/** A line of a journal. seq: counted from 1; time: milliseconds since 1970; upMs: milliseconds since the writing process started, by a monotonic clock, for the time
 *  between events of one process; missing in journals of earlier versions. NaN and infinity are null. */
export type Entry = { readonly seq: number; readonly time: number; readonly upMs?: number } & (
  | TrainingEvent
  | RunEvent
);
