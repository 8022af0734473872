import type { z } from "zod";
import type { CoordinatorBoard, QueueId } from "../board/board.ts";
import type { BoardWarnings } from "../board/warnings.ts";
import type { Clock } from "../coordinator/clock.ts";
import type { Roll, RollEvent } from "../coordinator/roll.ts";
import type { Seal } from "../protocol/signed.ts";
import type { SharedKind } from "./protocol.ts";

/** What is heard while jobs are given out. index: of the job. */
export type ShareEvent<Answer, News> =
  /** by: the worker; undefined for this machine. */
  | { readonly kind: "begin"; readonly index: number; readonly by: string | undefined }
  | { readonly kind: "progress"; readonly index: number; readonly step: number; readonly steps: number }
  | { readonly kind: "again"; readonly index: number; readonly why: string }
  | { readonly kind: "answered"; readonly index: number; readonly answer: Answer }
  /** Workers have failed at it, and this machine does none. */
  | { readonly kind: "failed"; readonly index: number; readonly why: string }
  /** This machine's news of a job that it does itself. */
  | { readonly kind: "here"; readonly index: number; readonly news: News }
  | RollEvent
  | { readonly kind: "queueDown"; readonly why: string }
  | { readonly kind: "queueBack" }
  | { readonly kind: "queueWarning"; readonly why: string };

/** What every answer says. */
export interface AnyAnswer extends QueueId {
  readonly index: number;
  readonly attempt: number;
  readonly worker: string;
}

/** Why an answer is not taken: its worker could not do the job, or has brought what cannot be its result. */
export type Objection = { readonly failed: string } | { readonly refused: string };

/** What this machine may begin with: nothing; what nobody has taken; or, as workers take long, anything that is open. */
export type BeginHere = "nothing" | "untaken" | "anything";

/** What jobs are given out with. */
export interface Giving<Answer extends AnyAnswer, News> {
  readonly kind: SharedKind;
  readonly answers: z.ZodType<Answer>;
  readonly board: CoordinatorBoard;
  readonly of: QueueId;
  readonly seal: Seal;
  readonly clock: Clock;
  /** Who is there, and who has given bad results; of its own unless others keep it, too. */
  readonly roll?: Roll;
  /** Tells each second what the jobs are about, where nobody else does. done: jobs that have come to an end. */
  readonly announce?: (done: number, out: readonly string[]) => Promise<void>;
  /** What the board may lose, where nobody else tells of it. */
  readonly warnings?: BoardWarnings;
  /** Signs a job. */
  readonly bodyOf: (index: number, attempt: number) => string;
  /** Checks what was brought, and takes it. failures: how often workers have failed at the job before. */
  readonly accept: (job: string, answer: Answer, failures: number) => Promise<Objection | undefined>;
  /** Does a job on this machine; undefined where workers do all. One that ends without news was stopped. */
  readonly here: ((index: number) => AsyncGenerator<News>) | undefined;
  /** What this machine may begin with by now; "untaken" unless said. */
  readonly begins?: () => BeginHere;
  /** The most jobs that are out at a time by now; all unless said. */
  readonly mostOut?: () => number;
  readonly signal: AbortSignal;
}
