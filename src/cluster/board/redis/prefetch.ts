import { Recent } from "../../coordinator/recent.ts";

/** How many of the last jobs are considered. */
const recent = 16;
/** Jobs are prefetched only if they take no longer, in milliseconds: a job that waits for another one must not look overdue. */
const longestMs = 1000;

/** Decides whether a worker prefetches a job while it computes another one. That hides the round trips to the server between two jobs. But no other worker can take
 *  the prefetched job, which may delay the end of the step by its own duration. */
export class Prefetch {
  readonly #computing = new Recent(recent);
  readonly #roundTrips = new Recent(recent);

  /** Notes the duration of a job, and of the round trip that completes it and fetches the next one, in milliseconds. */
  note(computing: number, roundTrip: number): void {
    this.#computing.add(computing);
    this.#roundTrips.add(roundTrip);
  }

  /** jobsEach: jobs of a step per worker. */
  isWorthwhile(jobsEach: number): boolean {
    if (this.#computing.count < recent) return false;
    const computing = this.#computing.median;
    // the least: the others include delays by other work of the process
    return computing <= longestMs && (jobsEach - 1) * this.#roundTrips.least > computing;
  }
}
