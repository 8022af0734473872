import type { TrainingEvent } from "../../training/index.ts";

/** How a run ended. */
export type Outcome = "done" | "stopped" | "failed";

/** What a journal has besides the events of training. */
export type RunEvent =
  /** A process has opened the run. */
  | { readonly kind: "opened"; readonly pid: number; readonly host: string; readonly version: string }
  /** An image was asked for: what becomes of it says the `answer` with its id, of the command. */
  | { readonly kind: "asked"; readonly id: string; readonly prompt: string; readonly seed?: number | undefined }
  /** A command was obeyed, or not. id: the name of its file without the ending. */
  | {
      readonly kind: "answer";
      readonly id: string;
      readonly command: string;
      readonly problem?: string | undefined;
      /** What it was told to set. */
      readonly sampleEvery?: number | undefined;
    }
  /** The state was written from which the run goes on if its process is lost. */
  | { readonly kind: "kept"; readonly step: number }
  /** Memory of the process, now and at most, and what the machine has left of how much, in bytes; written when it has changed. */
  | {
      readonly kind: "memory";
      readonly rssBytes: number;
      readonly peakBytes: number;
      readonly freeBytes: number;
      readonly totalBytes: number;
    }
  /** The process has ended its work. Without it, it was lost. */
  | { readonly kind: "closed"; readonly outcome: Outcome; readonly problem?: ProblemData | undefined };

/** An error as it is told. */
export interface ProblemData {
  readonly code: string;
  readonly message: string;
  readonly where?: string | undefined;
  readonly hint?: string | undefined;
}

/** A line of a journal. seq: counted from 1 without gaps; time: in milliseconds since 1970; upMs: since the process that opened the run was started, by a clock that
 *  nobody sets, for what lies between two events of one process. Journals of earlier versions lack it. Numbers that are not finite are null in it. */
export type Entry = { readonly seq: number; readonly time: number; readonly upMs?: number } & (
  | TrainingEvent
  | RunEvent
);
