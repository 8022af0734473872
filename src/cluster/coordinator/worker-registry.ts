import type { ClusterEvent } from "../../training/index.ts";
import type { Presence } from "../protocol/manifest.ts";

/** Bad results after which a worker is excluded. */
const mostStrikes = 3;

/** Changes among the workers of a run. */
export type WorkerEvent = Extract<ClusterEvent, { readonly kind: "workerJoined" | "workerLeft" | "workerRefused" }>;

/** The workers of a run that are ready, and strikes against those that have given bad results. */
export class WorkerRegistry {
  readonly #present = new Map<string, Presence>();
  readonly #strikes = new Map<string, number>();
  readonly #refusals = new Map<string, string>();

  /** Updates the registry from the presences of workers, and gives what has changed. */
  update(workers: readonly Presence[]): WorkerEvent[] {
    const events: WorkerEvent[] = [];
    for (const worker of workers) {
      const { id, device, state, why = "no reason given" } = worker;
      if (state === "refused" && this.#refusals.get(id) !== why) {
        this.#refusals.set(id, why);
        events.push({ kind: "workerRefused", worker: id, why });
      }
      if (state === "ready" && !this.#present.has(id)) events.push({ kind: "workerJoined", worker: id, device });
      if (state === "ready") this.#present.set(id, worker);
    }
    const ready = new Set(workers.filter(({ state }) => state === "ready").map(({ id }) => id));
    for (const id of [...this.#present.keys()].filter((id) => !ready.has(id))) {
      this.#present.delete(id);
      events.push({ kind: "workerLeft", worker: id });
    }
    return events;
  }

  isPresent(worker: string): boolean {
    return this.#present.has(worker);
  }

  get size(): number {
    return this.#present.size;
  }

  /** How many of the workers draw sample images. */
  get drawerCount(): number {
    return [...this.#present.values()].filter(({ id, draws }) => draws && !this.isExcluded(id)).length;
  }

  /** Counts a bad result against a worker. */
  strike(worker: string, why: string): WorkerEvent {
    const strikes = (this.#strikes.get(worker) ?? 0) + 1;
    this.#strikes.set(worker, strikes);
    const isExcluded = strikes >= mostStrikes;
    return { kind: "workerRefused", worker, why: isExcluded ? `${why}; it is not used any more` : why };
  }

  isExcluded(worker: string): boolean {
    return (this.#strikes.get(worker) ?? 0) >= mostStrikes;
  }

  /** Ids of excluded workers. */
  get excluded(): string[] {
    return [...this.#strikes.keys()].filter((worker) => this.isExcluded(worker));
  }
}
