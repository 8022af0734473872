import type { z } from "zod";
import type { CoordinatorBoard, QueueId } from "../board/board.ts";
import type { BoardWarnings } from "../board/warnings.ts";
import type { Clock } from "../coordinator/clock.ts";
import type { WorkerEvent, WorkerRegistry } from "../coordinator/worker-registry.ts";
import type { Seal } from "../protocol/signed.ts";
import type { SharedKind } from "./protocol.ts";

/** What happens while jobs are shared. index: of the job. */
export type ShareEvent<Answer, News> =
  /** by: the worker; undefined for this machine. */
  | { readonly kind: "begin"; readonly index: number; readonly by: string | undefined }
  | { readonly kind: "progress"; readonly index: number; readonly step: number; readonly steps: number }
  | { readonly kind: "again"; readonly index: number; readonly why: string }
  | { readonly kind: "answered"; readonly index: number; readonly answer: Answer }
  /** Its retries are exhausted, and this machine computes no jobs. */
  | { readonly kind: "failed"; readonly index: number; readonly why: string }
  /** News of a job that this machine computes. */
  | { readonly kind: "here"; readonly index: number; readonly news: News }
  | WorkerEvent
  | { readonly kind: "queueDown"; readonly why: string }
  | { readonly kind: "queueBack" }
  | { readonly kind: "queueWarning"; readonly why: string };

/** What every answer contains. */
export interface AnyAnswer extends QueueId {
  readonly index: number;
  readonly attempt: number;
  readonly worker: string;
}

/** Why an answer is not accepted. failed: its worker could not compute the job; refused: its result is not valid, which counts against the worker. */
export type Rejection = { readonly failed: string } | { readonly refused: string };

/** Which jobs this machine may start: none; those that no worker has taken; or, since workers take too long, any that is open. */
export type LocalStart = "nothing" | "untaken" | "anything";

export interface JobSharingOptions<Answer extends AnyAnswer, News> {
  readonly kind: SharedKind;
  readonly answers: z.ZodType<Answer>;
  readonly board: CoordinatorBoard;
  readonly of: QueueId;
  readonly seal: Seal;
  readonly clock: Clock;
  /** The run's workers; of its own unless shared with others. */
  readonly registry?: WorkerRegistry;
  /** Announces the run each second, where nothing else does. done: how many jobs have ended; excluded: workers. */
  readonly announce?: (done: number, excluded: readonly string[]) => Promise<void>;
  /** The board's warnings, where nothing else reports them. */
  readonly warnings?: BoardWarnings;
  /** The signed message of a job. */
  readonly bodyOf: (index: number, attempt: number) => string;
  /** Checks an answer, and accepts it unless it gives a rejection. job: its id; failures: how often workers have failed at it before. */
  readonly accept: (job: string, answer: Answer, failures: number) => Promise<Rejection | undefined>;
  /** Computes a job on this machine; undefined: workers compute all jobs. One that ends without news was stopped. */
  readonly runHere: ((index: number) => AsyncGenerator<News>) | undefined;
  /** Which jobs this machine may start at present; default: "untaken". */
  readonly mayStart?: () => LocalStart;
  /** How many jobs may be in flight at present; default: all. */
  readonly mostInFlight?: () => number;
  readonly signal: AbortSignal;
}
