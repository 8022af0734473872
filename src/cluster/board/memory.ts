import type { Clock } from "../coordinator/clock.ts";
import { isAbout, type Presence } from "../protocol/manifest.ts";
import type {
  BoardEvent,
  Compute,
  Consumer,
  CoordinatorBoard,
  JobStatus,
  QueuedJob,
  QueueId,
  RunHeartbeat,
  WorkerBoard,
} from "./board.ts";

interface StoredJob {
  readonly id: string;
  readonly body: string;
  status: JobStatus;
}

interface JobConsumer {
  readonly name: string;
  readonly compute: Compute;
  /** Settles with the job under way. */
  busy: Promise<void> | undefined;
  /** Its result is ignored. */
  isClosed: boolean;
}

/** A job queue in this process. */
class Queue {
  readonly #jobs = new Map<string, StoredJob>();
  readonly #waiting: string[] = [];
  readonly #consumers: JobConsumer[] = [];
  readonly listeners: ((event: BoardEvent) => void)[] = [];

  publish(jobs: readonly QueuedJob[], first: boolean): void {
    for (const { id, body } of jobs) this.#jobs.set(id, { id, body, status: { state: "waiting" } });
    const ids = jobs.map(({ id }) => id);
    if (first) this.#waiting.unshift(...ids);
    else this.#waiting.push(...ids);
    this.#dispatch();
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  statusOf(id: string): JobStatus {
    return this.#jobs.get(id)?.status ?? { state: "missing" };
  }

  withdraw(ids: readonly string[]): void {
    for (const id of ids) {
      const place = this.#waiting.indexOf(id);
      if (place >= 0) this.#waiting.splice(place, 1);
      if (place >= 0) this.#jobs.delete(id);
    }
  }

  /** Loses all jobs, as a restarted server does. */
  empty(): void {
    this.#jobs.clear();
    this.#waiting.length = 0;
  }

  consume(name: string, compute: Compute): Consumer {
    const server: JobConsumer = { name, compute, busy: undefined, isClosed: false };
    this.#consumers.push(server);
    this.#dispatch();
    return {
      close: async (isForced = false) => {
        server.isClosed = isForced;
        const at = this.#consumers.indexOf(server);
        if (at >= 0) this.#consumers.splice(at, 1);
        if (!isForced) await server.busy;
      },
      isPaused: () => false,
    };
  }

  #dispatch(): void {
    for (const server of this.#consumers) {
      const id = server.busy ? undefined : this.#waiting.shift();
      const job = id === undefined ? undefined : this.#jobs.get(id);
      if (job) this.#start(job, server);
    }
  }

  #start(job: StoredJob, server: JobConsumer): void {
    job.status = { state: "taken", by: server.name };
    this.#emit({ kind: "taken", id: job.id });
    const done = (status: JobStatus, event: BoardEvent) => {
      server.busy = undefined;
      if (server.isClosed) return;
      if (this.#jobs.get(job.id) === job) {
        job.status = status;
        this.#emit(event);
      }
      this.#dispatch();
    };
    server.busy = server.compute(job.body).then(
      (body) => done({ state: "answered", body }, { kind: "answered", id: job.id, body }),
      (error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        done({ state: "failed", why }, { kind: "failed", id: job.id, why });
      },
    );
  }

  #emit(event: BoardEvent): void {
    for (const listener of this.listeners) listener(event);
  }
}

/** A presence expires after so many milliseconds. */
const presenceMs = 6000;

/** A board within one process. */
export class MemoryBoard {
  readonly #clock: Clock;
  readonly #queues = new Map<string, Queue>();
  readonly #runs = new Map<string, { readonly manifest: string; readonly heartbeat: RunHeartbeat }>();
  readonly #present = new Map<string, { readonly presence: Presence; readonly until: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  coordinator(of: QueueId): CoordinatorBoard {
    const queue = this.#queueOf(of);
    return {
      listen: (listener) => void queue.listeners.push(listener),
      announce: async (manifest, heartbeat) => {
        this.#runs.set(of.run, { manifest, heartbeat: { ...heartbeat, incarnation: of.incarnation } });
      },
      publish: async (jobs, first) => queue.publish(jobs, first),
      statusOf: async (id) => queue.statusOf(id),
      withdraw: async (ids) => queue.withdraw(ids),
      workers: async () => this.#workers().filter((worker) => isAbout(worker, of)),
      warnings: async () => [],
      consume: async (name, compute) => queue.consume(name, compute),
      close: async (isOver) => {
        this.#queues.delete(keyOf(of));
        if (isOver && of.queue === undefined) this.#runs.delete(of.run);
      },
    };
  }

  worker(): WorkerBoard {
    return {
      manifests: async () => [...this.#runs.values()].map(({ manifest }) => manifest),
      heartbeatOf: async (run) => this.#runs.get(run)?.heartbeat,
      consume: async (of, name, compute) => this.#queueOf(of).consume(name, compute),
      waitingCount: async (of) => this.#queueOf(of).waiting,
      workers: async () => this.#workers(),
      publishPresence: async (presence) => {
        this.#present.set(presence.id, { presence, until: this.#clock.now() + presenceMs });
      },
      removePresence: async (id) => {
        this.#present.delete(id);
      },
      close: async () => {},
    };
  }

  /** Loses everything, as a restarted server does. */
  empty(): void {
    this.#runs.clear();
    this.#present.clear();
    for (const queue of this.#queues.values()) queue.empty();
  }

  #workers(): Presence[] {
    return [...this.#present.values()].filter(({ until }) => until > this.#clock.now()).map(({ presence }) => presence);
  }

  #queueOf(of: QueueId): Queue {
    const queue = this.#queues.get(keyOf(of)) ?? new Queue();
    this.#queues.set(keyOf(of), queue);
    return queue;
  }
}

function keyOf({ run, incarnation, queue }: QueueId): string {
  return `${run} ${incarnation} ${queue ?? ""}`;
}
