import type { Clock } from "../src/cluster/coordinator/clock.ts";

/** A clock that advances when nothing else can happen. */
export class TurnedClock implements Clock {
  #now = 0;
  readonly #timers = new Set<{ readonly at: number; readonly call: () => void }>();

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, call: () => void): () => void {
    const timer = { at: this.#now + milliseconds, call };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => void this.after(milliseconds, resolve));
  }

  /** Advances the clock until a promise is settled. */
  async turn<Result>(promise: Promise<Result>): Promise<Result> {
    let isSettled = false;
    const settled = promise.finally(() => {
      isSettled = true;
    });
    settled.catch(() => {});
    for (let turns = 0; !isSettled; turns++) {
      if (turns > 20_000) throw new Error("nothing comes to an end");
      await new Promise(setImmediate);
      const [next] = [...this.#timers].sort((a, b) => a.at - b.at);
      if (!next || isSettled) continue;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.call();
    }
    return settled;
  }
}
