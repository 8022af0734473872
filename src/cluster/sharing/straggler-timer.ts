import type { Clock } from "../coordinator/clock.ts";

/** Workers are too slow after so many times the usual duration of a job, but not before so many milliseconds. */
const [factor, minMs] = [1.5, 10_000];
/** How many durations the median is taken of. */
const remembered = 16;

/** Tells when workers take so long that this machine should compute their jobs as well. */
export class StragglerTimer {
  readonly #clock: Clock;
  readonly #durations: number[] = [];
  #since: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = clock.now();
  }

  /** Restarts the timer, as when a result has arrived. */
  restart(): void {
    this.#since = this.#clock.now();
  }

  /** Notes the duration of a job, in milliseconds. */
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
