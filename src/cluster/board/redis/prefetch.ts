/** How many of the last jobs are considered. */
const recent = 16;
/** Jobs are prefetched only if they take no longer, in milliseconds: a job that waits for another one must not look overdue. */
const longestMs = 1000;

/** Decides whether a worker prefetches a job while it computes another one. That hides the round trips to the server between two jobs. But no other worker can take
 *  the prefetched job, which may delay the end of the step by its own duration. */
export class Prefetch {
  readonly #computing: number[] = [];
  readonly #roundTrips: number[] = [];

  /** Notes the duration of a job, and of the round trip that completes it and fetches the next one, in milliseconds. */
  note(computing: number, roundTrip: number): void {
    addRecent(this.#computing, computing);
    addRecent(this.#roundTrips, roundTrip);
  }

  /** jobsEach: jobs of a step per worker. */
  isWorthwhile(jobsEach: number): boolean {
    if (this.#computing.length < recent) return false;
    const computing = this.#computing.toSorted((a, b) => a - b)[recent >> 1]!;
    // the least: the others include delays by other work of the process
    return computing <= longestMs && (jobsEach - 1) * Math.min(...this.#roundTrips) > computing;
  }
}

function addRecent(list: number[], value: number): void {
  list.push(value);
  if (list.length > recent) list.shift();
}
