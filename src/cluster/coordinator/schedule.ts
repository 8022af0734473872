/** When jobs are re-issued. A copy is one attempt at a job, published under an id of its own. */
export interface SchedulePolicy {
  /** A copy is overdue after so many times the usual duration of a job. */
  readonly timeoutFactor: number;
  /** The same once no copy is waiting, so that idle workers can take another one. */
  readonly timeoutFactorAtEnd: number;
  /** No copy is overdue before, in milliseconds. */
  readonly minTimeoutMs: number;
  /** Copies of a job in flight at a time, and in all. */
  readonly mostCopies: number;
  readonly mostAttempts: number;
}

export const defaultPolicy: SchedulePolicy = {
  timeoutFactor: 3,
  timeoutFactorAtEnd: 1.5,
  minTimeoutMs: 2000,
  mostCopies: 2,
  mostAttempts: 5,
};

interface Copy {
  readonly attempt: number;
  readonly publishedAt: number;
  takenAt: number | undefined;
  isEnded: boolean;
  /** It could not be published, so it does not count as an attempt. */
  isUnsent: boolean;
}

interface Entry {
  readonly copies: Copy[];
  isDone: boolean;
}

/** Identifies a copy: index of the job in its step, and attempt. */
export interface CopyId {
  readonly index: number;
  readonly attempt: number;
}

/** Which jobs of a step are done, which copies of the others are in flight, and which of those are overdue. It knows no board and no clock: times are passed in. */
export class StepSchedule {
  readonly #entries: readonly Entry[];
  readonly #policy: SchedulePolicy;
  /** When anything about any copy was heard last. */
  #lastHeardAt: number;

  constructor(count: number, now: number, policy: SchedulePolicy) {
    this.#entries = Array.from({ length: count }, () => ({ copies: [], isDone: false }));
    this.#policy = policy;
    this.#lastHeardAt = now;
  }

  get isDone(): boolean {
    return this.#entries.every(({ isDone }) => isDone);
  }

  /** Jobs that have no result. */
  get open(): number[] {
    return [...this.#entries.keys()].filter((index) => !this.#entries[index]!.isDone);
  }

  isOpen(index: number): boolean {
    return this.#entries[index]?.isDone === false;
  }

  /** Adds the next copy of a job, which is published now. */
  publish(index: number, now: number): CopyId {
    const { copies } = this.#entries[index]!;
    const attempt = copies.length + 1;
    copies.push({ attempt, publishedAt: now, takenAt: undefined, isEnded: false, isUnsent: false });
    return { index, attempt };
  }

  markTaken(id: CopyId, now: number): void {
    this.#lastHeardAt = now;
    const copy = this.#copy(id);
    if (copy) copy.takenAt = now;
  }

  /** The copy is waiting on the board. */
  markWaiting(id: CopyId, now: number): void {
    this.#lastHeardAt = now;
    const copy = this.#copy(id);
    if (copy) copy.takenAt = undefined;
  }

  /** The copy is no longer in flight: it has failed, was lost, or is given up. */
  markEnded(id: CopyId): void {
    const copy = this.#copy(id);
    if (copy) copy.isEnded = true;
  }

  /** The copy could not be published. */
  markUnsent(id: CopyId): void {
    const copy = this.#copy(id);
    if (copy) [copy.isEnded, copy.isUnsent] = [true, true];
  }

  markDone(index: number, now: number): void {
    this.#lastHeardAt = now;
    this.#entries[index]!.isDone = true;
  }

  /** How long a copy has been computed; undefined when it is not taken. */
  durationOf({ index, attempt }: CopyId, now: number): number | undefined {
    const takenAt = this.#copy({ index, attempt })?.takenAt;
    return takenAt === undefined ? undefined : now - takenAt;
  }

  /** Copies that are overdue. usualMs: median duration of jobs; 0 when it is not known. */
  overdue(now: number, usualMs: number): CopyId[] {
    const open = this.open;
    const copies = open.flatMap((index) =>
      this.#entries[index]!.copies.filter(({ isEnded }) => !isEnded).map((copy) => ({ index, copy })),
    );
    const isEnd = copies.every(({ copy }) => copy.takenAt !== undefined);
    const { timeoutFactor, timeoutFactorAtEnd, minTimeoutMs } = this.#policy;
    const takenTimeout = Math.max(minTimeoutMs, (isEnd ? timeoutFactorAtEnd : timeoutFactor) * usualMs);
    const waitingTimeout = Math.max(minTimeoutMs, timeoutFactor * usualMs);
    return copies
      .filter(({ copy }) =>
        copy.takenAt === undefined
          ? now - Math.max(copy.publishedAt, this.#lastHeardAt) > waitingTimeout
          : now - copy.takenAt > takenTimeout,
      )
      .map(({ index, copy }) => ({ index, attempt: copy.attempt }));
  }

  /** Jobs that have no copy in flight and are to be published. */
  get unpublished(): number[] {
    return this.open.filter((index) => this.#areAllEnded(index) && !this.isExhausted(index));
  }

  /** Whether all attempts at a job have ended without a result. */
  isExhausted(index: number): boolean {
    const tried = this.#entries[index]!.copies.filter(({ isUnsent }) => !isUnsent);
    return this.isOpen(index) && this.#areAllEnded(index) && tried.length >= this.#policy.mostAttempts;
  }

  #areAllEnded(index: number): boolean {
    return this.#entries[index]!.copies.every(({ isEnded }) => isEnded);
  }

  /** Whether one more copy of a job may be in flight. */
  mayPublish(index: number): boolean {
    return this.#entries[index]!.copies.filter(({ isEnded }) => !isEnded).length < this.#policy.mostCopies;
  }

  /** Copies in flight of jobs that have no result. */
  get inFlight(): CopyId[] {
    return this.open.flatMap((index) =>
      this.#entries[index]!.copies.flatMap(({ attempt, isEnded }) => (isEnded ? [] : [{ index, attempt }])),
    );
  }

  /** All copies of a job. */
  copiesOf(index: number): CopyId[] {
    return this.#entries[index]!.copies.map(({ attempt }) => ({ index, attempt }));
  }

  #copy({ index, attempt }: CopyId): Copy | undefined {
    return this.#entries[index]?.copies[attempt - 1];
  }
}
