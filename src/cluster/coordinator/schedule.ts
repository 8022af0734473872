/** When copies of jobs are given out once more. */
export interface SchedulePolicy {
  /** How many times the usual duration a copy may take. */
  readonly patience: number;
  /** The same once nothing waits any more and others are idle. */
  readonly patienceAtEnd: number;
  /** The least that is waited, in milliseconds. */
  readonly leastMs: number;
  /** Copies of a job that are out at a time, and in all. */
  readonly mostCopies: number;
  readonly mostAttempts: number;
}

export const usualPolicy: SchedulePolicy = {
  patience: 3,
  patienceAtEnd: 1.5,
  leastMs: 2000,
  mostCopies: 2,
  mostAttempts: 5,
};

interface Copy {
  readonly attempt: number;
  readonly publishedAt: number;
  takenAt: number | undefined;
  isGone: boolean;
  /** It never went out. */
  isKept: boolean;
}

interface Entry {
  readonly copies: Copy[];
  isDone: boolean;
}

/** A copy of a job. */
export interface CopyName {
  readonly index: number;
  readonly attempt: number;
}

/** Which micro-batches of a step are done, which copies of the others are out, and which of them are overdue. Knows no board and no clock: times are told. */
export class StepSchedule {
  readonly #entries: readonly Entry[];
  readonly #policy: SchedulePolicy;
  /** When anything was heard last. */
  #lastSign: number;

  constructor(count: number, now: number, policy: SchedulePolicy) {
    this.#entries = Array.from({ length: count }, () => ({ copies: [], isDone: false }));
    this.#policy = policy;
    this.#lastSign = now;
  }

  get isDone(): boolean {
    return this.#entries.every(({ isDone }) => isDone);
  }

  /** Indices that have no result. */
  get open(): number[] {
    return [...this.#entries.keys()].filter((index) => !this.#entries[index]!.isDone);
  }

  isOpen(index: number): boolean {
    return this.#entries[index]?.isDone === false;
  }

  /** The next copy of an index, which goes out now. */
  publish(index: number, now: number): CopyName {
    const { copies } = this.#entries[index]!;
    const attempt = copies.length + 1;
    copies.push({ attempt, publishedAt: now, takenAt: undefined, isGone: false, isKept: false });
    return { index, attempt };
  }

  taken(name: CopyName, now: number): void {
    this.#lastSign = now;
    const copy = this.#copy(name);
    if (copy) copy.takenAt = now;
  }

  /** A copy that waits, though it was thought to be taken or lost. */
  waits(name: CopyName, now: number): void {
    this.#lastSign = now;
    const copy = this.#copy(name);
    if (copy) copy.takenAt = undefined;
  }

  /** A copy that will bring nothing. */
  gone(name: CopyName): void {
    const copy = this.#copy(name);
    if (copy) copy.isGone = true;
  }

  /** A copy that could not go out. */
  kept(name: CopyName): void {
    const copy = this.#copy(name);
    if (copy) [copy.isGone, copy.isKept] = [true, true];
  }

  done(index: number, now: number): void {
    this.#lastSign = now;
    this.#entries[index]!.isDone = true;
  }

  /** How long a copy of an index has been computed; undefined when none is. */
  durationOf({ index, attempt }: CopyName, now: number): number | undefined {
    const takenAt = this.#copy({ index, attempt })?.takenAt;
    return takenAt === undefined ? undefined : now - takenAt;
  }

  /** Copies of which something should have been heard by now. usualMs: median duration of jobs; 0 when it is not known. */
  overdue(now: number, usualMs: number): CopyName[] {
    const open = this.open;
    const copies = open.flatMap((index) =>
      this.#entries[index]!.copies.filter(({ isGone }) => !isGone).map((copy) => ({ index, copy })),
    );
    const isEnd = copies.every(({ copy }) => copy.takenAt !== undefined);
    const { patience, patienceAtEnd, leastMs } = this.#policy;
    const bound = Math.max(leastMs, (isEnd ? patienceAtEnd : patience) * usualMs);
    const waitingBound = Math.max(leastMs, patience * usualMs);
    return copies
      .filter(({ copy }) =>
        copy.takenAt === undefined
          ? now - Math.max(copy.publishedAt, this.#lastSign) > waitingBound
          : now - copy.takenAt > bound,
      )
      .map(({ index, copy }) => ({ index, attempt: copy.attempt }));
  }

  /** Indices of which no copy is out, and one may go out. */
  get unpublished(): number[] {
    return this.open.filter((index) => this.#isAllGone(index) && !this.isExhausted(index));
  }

  /** Whether so many copies of an index have brought nothing that no more go out. */
  isExhausted(index: number): boolean {
    const tried = this.#entries[index]!.copies.filter(({ isKept }) => !isKept);
    return this.isOpen(index) && this.#isAllGone(index) && tried.length >= this.#policy.mostAttempts;
  }

  #isAllGone(index: number): boolean {
    return this.#entries[index]!.copies.every(({ isGone }) => isGone);
  }

  /** Whether one more copy of an index may go out. */
  mayPublish(index: number): boolean {
    return this.#entries[index]!.copies.filter(({ isGone }) => !isGone).length < this.#policy.mostCopies;
  }

  /** Copies of open indices that may bring something. */
  get out(): CopyName[] {
    return this.open.flatMap((index) =>
      this.#entries[index]!.copies.flatMap(({ attempt, isGone }) => (isGone ? [] : [{ index, attempt }])),
    );
  }

  /** All copies of an index. */
  copiesOf(index: number): CopyName[] {
    return this.#entries[index]!.copies.map(({ attempt }) => ({ index, attempt }));
  }

  #copy({ index, attempt }: CopyName): Copy | undefined {
    return this.#entries[index]?.copies[attempt - 1];
  }
}
