import type { Clock } from "../coordinator/clock.ts";

/** Workers may take so many times the usual duration of a job, and at least so long in milliseconds, until this machine does what they are at. */
const [factor, minMs] = [1.5, 10_000];
/** How many durations are remembered. */
const remembered = 16;

/** How long workers are waited for. */
export class StragglerTimer {
  readonly #clock: Clock;
  readonly #durations: number[] = [];
  #since: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = clock.now();
  }

  /** Begins to wait anew, as when something has come. */
  restart(): void {
    this.#since = this.#clock.now();
  }

  /** Notes what a job has taken, in milliseconds. */
  note(milliseconds: number): void {
    this.#durations.push(milliseconds);
    if (this.#durations.length > remembered) this.#durations.shift();
  }

  get isExpired(): boolean {
    const sorted = [...this.#durations].sort((a, b) => a - b);
    const usual = sorted[sorted.length >> 1] ?? 0;
    return this.#clock.now() - this.#since > Math.max(minMs, factor * usual);
  }
}
