/** How many of the last jobs are considered. */
const recent = 16;
/** The longest job that one is fetched beside, in milliseconds: two of them must not look overdue. */
const longestMs = 1000;

/** Tells when a worker gains by fetching a job while it computes another one. Its round trips to the server, between one job and the next, are then over when it
 *  needs the next. But the job that it has fetched is kept from others, and delays the end of the step by its own time at most. */
export class FetchAhead {
  readonly #computing: number[] = [];
  readonly #roundTrips: number[] = [];

  /** Notes how long a job was computed, and how long its answer took to be handed in and the next job to come, in milliseconds. */
  note(computing: number, roundTrip: number): void {
    keep(this.#computing, computing);
    keep(this.#roundTrips, roundTrip);
  }

  /** jobsEach: those of a step for each worker. */
  isWorthwhile(jobsEach: number): boolean {
    if (this.#computing.length < recent) return false;
    const computing = this.#computing.toSorted((a, b) => a - b)[recent >> 1]!;
    // the least: what else the process does delays it, and is no round trip
    return computing <= longestMs && (jobsEach - 1) * Math.min(...this.#roundTrips) > computing;
  }
}

function keep(list: number[], value: number): void {
  list.push(value);
  if (list.length > recent) list.shift();
}
