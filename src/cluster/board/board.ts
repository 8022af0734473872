import type { Presence } from "../protocol/manifest.ts";

/** Where jobs hang until somebody takes them: what the scheduler needs of a queue. A board may lose, double, delay or reorder anything; the scheduler
 *  copes. */

/** A job as it hangs there. */
export interface Posted {
  readonly id: string;
  readonly body: string;
}

/** What is heard of jobs. */
export type BoardEvent =
  /** Somebody has begun with it. */
  | { readonly kind: "taken"; readonly id: string }
  | { readonly kind: "answered"; readonly id: string; readonly body: string }
  /** The one who took it gave up. */
  | { readonly kind: "failed"; readonly id: string; readonly why: string }
  /** The board is out of reach. */
  | { readonly kind: "down"; readonly why: string }
  | { readonly kind: "up" };

/** How a job stands. by: who took it. */
export type Standing =
  | { readonly state: "waiting" }
  | { readonly state: "missing" }
  | { readonly state: "taken"; readonly by: string | undefined }
  | { readonly state: "answered"; readonly body: string }
  | { readonly state: "failed"; readonly why: string };

/** Which run a board is of. */
export interface BoardOf {
  readonly run: string;
  /** Counts on each time that the run is taken up: what came before does not mix in. */
  readonly incarnation: string;
  /** A second queue of the run: sample images wait for whoever draws, and never for micro-batches. */
  readonly queue?: "images" | undefined;
}

/** A board as the coordinator of a run has it. Its methods reject while it is out of reach; none of them waits for it. */
export interface CoordinatorBoard {
  /** Called for whatever is heard. */
  listen(listener: (event: BoardEvent) => void): void;
  /** Tells all what the run is about, and how far it is: a signed manifest. */
  announce(manifest: string, mark: Omit<RunMark, "incarnation">): Promise<void>;
  /** first: before all others that wait. */
  publish(jobs: readonly Posted[], first: boolean): Promise<void>;
  look(id: string): Promise<Standing>;
  /** Takes down jobs that nobody has taken; what is gone is no mistake. */
  withdraw(ids: readonly string[]): Promise<void>;
  /** Workers of this run, and those that say why they take part in none. */
  workers(): Promise<Presence[]>;
  /** What of it will lose jobs sooner or later, for people to read. */
  warnings(): Promise<string[]>;
  /** Joins in computing, under a name. */
  serve(name: string, compute: Compute): Promise<Serving>;
  /** Takes down everything of this queue. isOver: and the run itself, where it is not the queue of images. */
  close(isOver: boolean): Promise<void>;
}

/** Computes a job, from its text to that of its result. @throws what is to be told as the reason of a failure */
export type Compute = (body: string) => Promise<string>;

export interface Serving {
  /** Finishes the job under way first, unless it is forced. */
  close(isForced?: boolean): Promise<void>;
  /** Whether it leaves jobs to others for a while, after one that failed. */
  isResting(): boolean;
}

/** How far a run is. */
export interface RunMark {
  readonly incarnation: string;
  /** Steps done. */
  readonly step: number;
  /** Workers that are not used any more. */
  readonly out: readonly string[];
  /** Jobs of a step for each who computes; undefined where there are no steps, or none has begun. */
  readonly jobsEach?: number | undefined;
}

/** A board as a worker has it. */
export interface WorkerBoard {
  /** The signed manifests of all runs. */
  manifests(): Promise<string[]>;
  /** undefined when its coordinator is away. */
  markOf(run: string): Promise<RunMark | undefined>;
  /** jobsEach: how many jobs of a step there are for each who computes, as far as is known: a board may fetch some ahead. */
  serve(of: BoardOf, name: string, compute: Compute, jobsEach?: () => number): Promise<Serving>;
  /** Jobs that nobody has taken. */
  waiting(of: BoardOf): Promise<number>;
  /** All workers that are there. */
  workers(): Promise<Presence[]>;
  /** Tells that the worker is there; it counts for some seconds. */
  tell(presence: Presence): Promise<void>;
  /** Takes back what it told. */
  leave(id: string): Promise<void>;
  close(): Promise<void>;
}
