import type { Presence } from "../protocol/manifest.ts";

// A board is what coordinator and workers share: the job queues of runs, and what both sides publish of themselves (manifests, heartbeats, presences). It may
// lose, duplicate, delay or reorder anything; coordinators cope with that.

/** A job as it is published. body: a signed message. */
export interface QueuedJob {
  readonly id: string;
  readonly body: string;
}

/** What happens to published jobs, and to the board itself. */
export type BoardEvent =
  /** A worker has taken the job. */
  | { readonly kind: "taken"; readonly id: string }
  | { readonly kind: "answered"; readonly id: string; readonly body: string }
  /** The worker that has taken the job has failed. */
  | { readonly kind: "failed"; readonly id: string; readonly why: string }
  /** The board cannot be reached. */
  | { readonly kind: "down"; readonly why: string }
  | { readonly kind: "up" };

/** The status of a job. missing: the board does not know it; by: the worker. */
export type JobStatus =
  | { readonly state: "waiting" }
  | { readonly state: "missing" }
  | { readonly state: "taken"; readonly by: string | undefined }
  | { readonly state: "answered"; readonly body: string }
  | { readonly state: "failed"; readonly why: string };

/** Identifies a job queue. */
export interface QueueId {
  readonly run: string;
  /** New each time that the run is started or resumed, so that jobs and results of an earlier process are never mistaken for current ones. */
  readonly incarnation: string;
  /** The run's second queue, for sample images; undefined: its jobs. */
  readonly queue?: "images" | undefined;
}

/** The coordinator's side of a board. Its methods reject while the board cannot be reached; none waits for it. */
export interface CoordinatorBoard {
  /** Calls back for each event. */
  listen(listener: (event: BoardEvent) => void): void;
  /** Publishes the run's signed manifest, and renews its heartbeat. */
  announce(manifest: string, heartbeat: Omit<RunHeartbeat, "incarnation">): Promise<void>;
  /** Publishes jobs. first: ahead of all that are waiting. */
  publish(jobs: readonly QueuedJob[], first: boolean): Promise<void>;
  statusOf(id: string): Promise<JobStatus>;
  /** Removes jobs that no worker has taken. Others, and those that are missing, are ignored. */
  withdraw(ids: readonly string[]): Promise<void>;
  /** Presences of this run's workers, and of those that refuse any run. */
  workers(): Promise<Presence[]>;
  /** Settings and conditions of the server that may lose jobs, for the user. */
  warnings(): Promise<string[]>;
  /** Takes and computes jobs under a worker's name, one at a time. */
  consume(name: string, compute: Compute): Promise<Consumer>;
  /** Disconnects. isOver: removes the queue first and, unless it is the queue of images, the run's manifest and heartbeat. */
  close(isOver: boolean): Promise<void>;
}

/** Computes a job: from the text of its message to that of its result. @throws what the job fails with */
export type Compute = (body: string) => Promise<string>;

/** Takes jobs from a queue until it is closed. */
export interface Consumer {
  /** Finishes the job under way first, unless it is forced. */
  close(isForced?: boolean): Promise<void>;
  /** Whether it takes no jobs for a while, after one that failed. */
  isPaused(): boolean;
}

/** What the coordinator of a run publishes at intervals. It expires when the coordinator is gone. */
export interface RunHeartbeat {
  readonly incarnation: string;
  /** Steps done. */
  readonly step: number;
  /** Ids of workers that are not used any more. */
  readonly excluded: readonly string[];
  /** Jobs of a step per worker; undefined before the first step, and in runs that have no steps. */
  readonly jobsEach?: number | undefined;
}

/** The workers' side of a board. */
export interface WorkerBoard {
  /** The signed manifests of all runs. */
  manifests(): Promise<string[]>;
  /** undefined when its coordinator is gone. */
  heartbeatOf(run: string): Promise<RunHeartbeat | undefined>;
  /** Takes and computes jobs under a worker's name, one at a time. jobsEach: jobs of a step per worker, by which a board decides whether to prefetch one. */
  consume(of: QueueId, name: string, compute: Compute, jobsEach?: () => number): Promise<Consumer>;
  /** How many jobs of a queue no worker has taken. */
  waitingCount(of: QueueId): Promise<number>;
  /** Presences of all workers. */
  workers(): Promise<Presence[]>;
  /** Publishes a worker's presence, which expires after some seconds: its heartbeat. */
  publishPresence(presence: Presence): Promise<void>;
  removePresence(id: string): Promise<void>;
  close(): Promise<void>;
}
