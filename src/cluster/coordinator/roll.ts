import type { ClusterEvent } from "../../training/index.ts";
import type { Presence } from "../protocol/manifest.ts";

/** Bad results after which a worker is not used any more. */
const strikesOut = 3;

/** What is told of workers. */
export type RollEvent = Extract<ClusterEvent, { readonly kind: "workerJoined" | "workerLeft" | "workerRefused" }>;

/** The workers of a run: who is there, who has given bad results. */
export class Roll {
  readonly #present = new Map<string, Presence>();
  readonly #strikes = new Map<string, number>();
  readonly #refusals = new Map<string, string>();

  /** Takes in who is there now, and tells what has changed. */
  update(workers: readonly Presence[]): RollEvent[] {
    const events: RollEvent[] = [];
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

  /** How many of them draw sample images. */
  get drawers(): number {
    return [...this.#present.values()].filter(({ id, draws }) => draws && !this.isOut(id)).length;
  }

  /** Notes a bad result. */
  strike(worker: string, why: string): RollEvent {
    const strikes = (this.#strikes.get(worker) ?? 0) + 1;
    this.#strikes.set(worker, strikes);
    const isOut = strikes >= strikesOut;
    return { kind: "workerRefused", worker, why: isOut ? `${why}; it is not used any more` : why };
  }

  isOut(worker: string): boolean {
    return (this.#strikes.get(worker) ?? 0) >= strikesOut;
  }

  /** Workers that are not used any more. */
  get out(): string[] {
    return [...this.#strikes.keys()].filter((worker) => this.isOut(worker));
  }
}
