import type { Clock } from "../coordinator/clock.ts";
import { Recent } from "../coordinator/recent.ts";

/** Workers are too slow after so many times the usual duration of a job, but not before so many milliseconds. */
const [factor, minMs] = [1.5, 10_000];
/** How many durations the median is taken of. */
const remembered = 16;

/** Tells when workers take so long that this machine should compute their jobs as well. */
export class StragglerTimer {
  readonly #clock: Clock;
  readonly #durations = new Recent(remembered);
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
    this.#durations.add(milliseconds);
  }

  get isExpired(): boolean {
    return this.#clock.now() - this.#since > Math.max(minMs, factor * this.#durations.median);
  }
}
