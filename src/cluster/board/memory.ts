import type { Clock } from "../coordinator/clock.ts";
import { isAbout, type Presence } from "../protocol/manifest.ts";
import type {
  BoardEvent,
  BoardOf,
  Compute,
  CoordinatorBoard,
  Posted,
  RunMark,
  Serving,
  Standing,
  WorkerBoard,
} from "./board.ts";

interface Hung {
  readonly id: string;
  readonly body: string;
  standing: Standing;
}

interface Server {
  readonly name: string;
  readonly compute: Compute;
  /** Ends with the job under way. */
  busy: Promise<void> | undefined;
  /** What it brings does not count any more. */
  isForced: boolean;
}

/** The jobs of a run, in this process. */
class Queue {
  readonly #jobs = new Map<string, Hung>();
  readonly #waiting: string[] = [];
  readonly #servers: Server[] = [];
  readonly listeners: ((event: BoardEvent) => void)[] = [];

  publish(jobs: readonly Posted[], first: boolean): void {
    for (const { id, body } of jobs) this.#jobs.set(id, { id, body, standing: { state: "waiting" } });
    const ids = jobs.map(({ id }) => id);
    if (first) this.#waiting.unshift(...ids);
    else this.#waiting.push(...ids);
    this.#deal();
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  look(id: string): Standing {
    return this.#jobs.get(id)?.standing ?? { state: "missing" };
  }

  withdraw(ids: readonly string[]): void {
    for (const id of ids) {
      const place = this.#waiting.indexOf(id);
      if (place >= 0) this.#waiting.splice(place, 1);
      if (place >= 0) this.#jobs.delete(id);
    }
  }

  /** Forgets everything, as a server that starts empty. */
  empty(): void {
    this.#jobs.clear();
    this.#waiting.length = 0;
  }

  serve(name: string, compute: Compute): Serving {
    const server: Server = { name, compute, busy: undefined, isForced: false };
    this.#servers.push(server);
    this.#deal();
    return {
      close: async (isForced = false) => {
        server.isForced = isForced;
        const at = this.#servers.indexOf(server);
        if (at >= 0) this.#servers.splice(at, 1);
        if (!isForced) await server.busy;
      },
      isResting: () => false,
    };
  }

  #deal(): void {
    for (const server of this.#servers) {
      const id = server.busy ? undefined : this.#waiting.shift();
      const job = id === undefined ? undefined : this.#jobs.get(id);
      if (job) this.#give(job, server);
    }
  }

  #give(job: Hung, server: Server): void {
    job.standing = { state: "taken", by: server.name };
    this.#tell({ kind: "taken", id: job.id });
    const done = (standing: Standing, event: BoardEvent) => {
      server.busy = undefined;
      if (server.isForced) return;
      if (this.#jobs.get(job.id) === job) {
        job.standing = standing;
        this.#tell(event);
      }
      this.#deal();
    };
    server.busy = server.compute(job.body).then(
      (body) => done({ state: "answered", body }, { kind: "answered", id: job.id, body }),
      (error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        done({ state: "failed", why }, { kind: "failed", id: job.id, why });
      },
    );
  }

  #tell(event: BoardEvent): void {
    for (const listener of this.listeners) listener(event);
  }
}

/** A presence counts so long, in milliseconds. */
const presenceMs = 6000;

/** A board within one process: several programs take jobs from it. */
export class MemoryBoard {
  readonly #clock: Clock;
  readonly #queues = new Map<string, Queue>();
  readonly #runs = new Map<string, { readonly manifest: string; readonly mark: RunMark }>();
  readonly #present = new Map<string, { readonly presence: Presence; readonly until: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  coordinator(of: BoardOf): CoordinatorBoard {
    const queue = this.#queueOf(of);
    return {
      listen: (listener) => void queue.listeners.push(listener),
      announce: async (manifest, mark) => {
        this.#runs.set(of.run, { manifest, mark: { ...mark, incarnation: of.incarnation } });
      },
      publish: async (jobs, first) => queue.publish(jobs, first),
      look: async (id) => queue.look(id),
      withdraw: async (ids) => queue.withdraw(ids),
      workers: async () => this.#workers().filter((worker) => isAbout(worker, of)),
      warnings: async () => [],
      serve: async (name, compute) => queue.serve(name, compute),
      close: async (isOver) => {
        this.#queues.delete(keyOf(of));
        if (isOver && of.queue === undefined) this.#runs.delete(of.run);
      },
    };
  }

  worker(): WorkerBoard {
    return {
      manifests: async () => [...this.#runs.values()].map(({ manifest }) => manifest),
      markOf: async (run) => this.#runs.get(run)?.mark,
      serve: async (of, name, compute) => this.#queueOf(of).serve(name, compute),
      waiting: async (of) => this.#queueOf(of).waiting,
      workers: async () => this.#workers(),
      tell: async (presence) => {
        this.#present.set(presence.id, { presence, until: this.#clock.now() + presenceMs });
      },
      leave: async (id) => {
        this.#present.delete(id);
      },
      close: async () => {},
    };
  }

  /** Loses everything, as a server that starts empty. */
  empty(): void {
    this.#runs.clear();
    this.#present.clear();
    for (const queue of this.#queues.values()) queue.empty();
  }

  #workers(): Presence[] {
    return [...this.#present.values()].filter(({ until }) => until > this.#clock.now()).map(({ presence }) => presence);
  }

  #queueOf(of: BoardOf): Queue {
    const queue = this.#queues.get(keyOf(of)) ?? new Queue();
    this.#queues.set(keyOf(of), queue);
    return queue;
  }
}

function keyOf({ run, incarnation, queue }: BoardOf): string {
  return `${run} ${incarnation} ${queue ?? ""}`;
}
