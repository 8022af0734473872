import type { BoardEvent, JobStatus } from "../board/board.ts";
import { WorkerRegistry } from "../coordinator/worker-registry.ts";
import { longest } from "../protocol/job.ts";
import type { Presence } from "../protocol/manifest.ts";
import type { AnyAnswer, JobSharingOptions, ShareEvent } from "./options.ts";
import { givenBack, sharedJobId, sharedJobName } from "./protocol.ts";

const tickMs = 1000;
/** A copy is re-issued when its worker has sent no heartbeat for so long, or made no step for so long, in milliseconds. */
const [goneMs, stuckMs] = [10_000, 30 * 60_000];
/** Failures, and copies in all, after which a job is not re-issued: this machine computes it, or it fails. It may be what kills its workers. */
export const mostFailures = 3;
const mostCopies = 6;
/** Times that a job may be given back without counting as a failure: a faulty worker might give it back for ever. */
const mostGivenBack = 20;

interface Copy {
  readonly attempt: number;
  state: "waiting" | "taken" | "gone";
  by: string | undefined;
  /** When the copy or its worker's heartbeat was seen last; when it made its last step. */
  lastSeenAt: number;
  progressAt: number;
  step: number;
}

interface SharedJob {
  readonly copies: Copy[];
  failures: number;
  /** Copies that workers have given back when they left. */
  givenBack: number;
  /** here: computed by this machine; raced: by this machine and by a worker that has taken it. */
  state: "open" | "here" | "raced" | "ended";
}

/** Shares jobs with workers until each has ended, re-issues those that fail or are lost, and computes some on this machine meanwhile. */
export class JobSharing<Answer extends AnyAnswer, News> {
  readonly #options: JobSharingOptions<Answer, News>;
  readonly #jobs = new Map<number, SharedJob>();
  readonly #registry: WorkerRegistry;
  readonly #events: ShareEvent<Answer, News>[] = [];
  #done = 0;
  #wake: () => void = () => {};
  #isDown = false;
  #runningHere: Promise<void> | undefined;
  #bug: unknown;
  #cancelTick = () => {};
  #isStopped = false;
  /** Events and ticks are handled one after another. */
  #queue: Promise<void> = Promise.resolve();

  constructor(options: JobSharingOptions<Answer, News>) {
    this.#options = options;
    this.#registry = options.registry ?? new WorkerRegistry();
  }

  /** Shares these jobs, and ends when all have ended. @throws what the board throws when it cannot be reached at first, and bugs */
  async *run(indices: readonly number[]): AsyncGenerator<ShareEvent<Answer, News>> {
    const { signal } = this.#options;
    await this.start();
    this.add(...indices);
    const onAbort = () => this.#wake();
    signal.addEventListener("abort", onAbort);
    try {
      for (;;) {
        yield* this.news();
        if (this.isIdle || (signal.aborted && !this.#runningHere)) break;
        await this.nextChange();
      }
      yield* this.news();
    } finally {
      signal.removeEventListener("abort", onAbort);
      await this.stop();
    }
  }

  /** Announces the run, and listens to the board. @throws what the board throws when it cannot be reached */
  async start(): Promise<void> {
    await this.#options.announce?.(0, this.#registry.excluded);
    this.#options.board.listen((event) => this.#enqueue(() => this.#handle(event)));
    const beat = () => {
      this.#enqueue(() => this.#tick());
      this.#cancelTick = this.#options.clock.after(tickMs, beat);
    };
    beat();
  }

  /** Adds jobs. */
  add(...indices: readonly number[]): void {
    for (const index of indices) this.#jobs.set(index, { copies: [], failures: 0, givenBack: 0, state: "open" });
    this.#publishMore();
    this.#enqueue(() => this.#startHere());
  }

  /** The events since the last call. @throws bugs */
  *news(): Generator<ShareEvent<Answer, News>> {
    yield* this.#events.splice(0);
    if (this.#bug !== undefined) throw this.#bug;
  }

  /** Waits until there may be new events. */
  nextChange(): Promise<void> {
    return new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (this.#events.length > 0 || this.#bug !== undefined) resolve();
    });
  }

  /** Whether all jobs have ended. */
  get isIdle(): boolean {
    return this.#jobs.size === 0 && !this.#runningHere;
  }

  /** Publishes and starts at once what `mostInFlight` and `mayStart` allow by now. */
  refresh(): void {
    this.#publishMore();
    this.#enqueue(() => this.#startHere());
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTick();
    await this.#queue;
    await this.#runningHere;
    this.#wake();
  }

  #enqueue(act: () => Promise<void>): void {
    this.#queue = this.#queue.then(act).catch((error: unknown) => {
      this.#bug ??= error;
    });
    void this.#queue.then(() => this.#wake());
  }

  #emit(event: ShareEvent<Answer, News>): void {
    this.#events.push(event);
    this.#wake();
  }

  #end(index: number, job: SharedJob): void {
    job.state = "ended";
    this.#jobs.delete(index);
    this.#done++;
    this.#publishMore();
  }

  /** Publishes jobs that have never been published, as many as may be in flight. */
  #publishMore(): void {
    const most = this.#options.mostInFlight?.() ?? Number.POSITIVE_INFINITY;
    let out = [...this.#jobs.values()].filter(({ copies }) => copies.some(({ state }) => state !== "gone")).length;
    for (const [index, { state, copies }] of this.#jobs) {
      if (out >= most) return;
      if (state !== "open" || copies.length > 0) continue;
      this.#publish(index);
      out++;
    }
  }

  /** Publishes one more copy of a job. */
  #publish(index: number): void {
    const { kind, board, bodyOf, clock } = this.#options;
    const { copies } = this.#jobs.get(index)!;
    const attempt = copies.length + 1;
    const now = clock.now();
    const copy: Copy = { attempt, state: "waiting", by: undefined, lastSeenAt: now, progressAt: now, step: 0 };
    copies.push(copy);
    const id = sharedJobId(kind, { index, attempt });
    this.#enqueue(async () => {
      // this machine may have started the job before its turn came
      if (copy.state === "gone") return;
      await this.#attempt(() => board.publish([{ id, body: bodyOf(index, attempt) }], attempt > 1));
    });
  }

  /** Calls the board. If that fails, the board counts as down until a call succeeds. */
  async #attempt(act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
      this.#setDown(undefined);
    } catch (error) {
      this.#setDown(error instanceof Error ? error.message : String(error));
    }
  }

  #setDown(why: string | undefined): void {
    if (why !== undefined && !this.#isDown) this.#emit({ kind: "queueDown", why });
    if (why === undefined && this.#isDown) this.#emit({ kind: "queueBack" });
    this.#isDown = why !== undefined;
  }

  async #handle(event: BoardEvent): Promise<void> {
    if (event.kind === "down") return this.#setDown(event.why);
    if (event.kind === "up") return;
    const found = this.#copyOf(event.id);
    if (!found || found.copy.state === "gone") return;
    const { index, copy } = found;
    if (event.kind === "taken") await this.#onTaken(index, copy);
    else if (event.kind === "failed") this.#onFailed(index, copy, event.why);
    else await this.#receive(index, copy, event.body);
  }

  async #onTaken(index: number, copy: Copy): Promise<void> {
    const now = this.#options.clock.now();
    Object.assign<Copy, Partial<Copy>>(copy, { state: "taken", lastSeenAt: now, progressAt: now });
    const status = await this.#statusOf(index, copy);
    if (status?.state !== "taken") return;
    const before = copy.by;
    copy.by = status.by;
    if (this.#jobs.get(index)?.state !== "open") return;
    // BullMQ gives a stalled copy to another worker when the first has not renewed its lock
    if (before !== undefined && before !== status.by) this.#emit({ kind: "again", index, why: goneText(before) });
    this.#emit({ kind: "begin", index, by: status.by ?? "a worker" });
  }

  /** A copy has ended without an accepted result. */
  #onFailed(index: number, copy: Copy, why: string): void {
    const job = this.#jobs.get(index);
    if (!job || copy.state === "gone") return;
    copy.state = "gone";
    if (job.state !== "open") return;
    if (why === givenBack && job.givenBack < mostGivenBack) job.givenBack++;
    else job.failures++;
    this.#retry(index, why);
  }

  #retry(index: number, why: string): void {
    const job = this.#jobs.get(index)!;
    if (job.copies.some(({ state }) => state !== "gone")) return;
    if (!areRetriesExhausted(job)) {
      this.#emit({ kind: "again", index, why });
      this.#publish(index);
    } else if (!this.#options.runHere) {
      this.#emit({ kind: "failed", index, why });
      this.#end(index, job);
    }
  }

  async #receive(index: number, copy: Copy, body: string): Promise<void> {
    const job = this.#jobs.get(index);
    if (!job || !isOpen(job) || copy.state === "gone") return;
    const { kind, seal, answers, of, accept } = this.#options;
    const opened = seal.open(body, answers, longest.result);
    if ("problem" in opened) return this.#onFailed(index, copy, `its result is refused: ${opened.problem}`);
    const answer = opened.message;
    const { worker } = answer;
    const isOfRun = answer.run === of.run && answer.incarnation === of.incarnation;
    const isOfJob = isOfRun && answer.index === index && answer.attempt === copy.attempt;
    if (this.#registry.isExcluded(worker)) return this.#onFailed(index, copy, `${worker} is not used any more`);
    const rejection = isOfJob
      ? await accept(sharedJobId(kind, { index, attempt: copy.attempt }), answer, job.failures)
      : { refused: "its result is for another job" };
    if (rejection && "failed" in rejection) return this.#onFailed(index, copy, rejection.failed);
    if (rejection) {
      this.#emit(this.#registry.strike(worker, rejection.refused));
      return this.#onFailed(index, copy, `the result of ${worker} is refused: ${rejection.refused}`);
    }
    // this machine may have computed it meanwhile
    if (!isOpen(job)) return;
    this.#emit({ kind: "answered", index, answer });
    this.#end(index, job);
  }

  /** What is due each second: announces the run, reads presences and progress, checks copies, publishes and starts jobs. */
  async #tick(): Promise<void> {
    const { announce, board, signal, warnings } = this.#options;
    if (signal.aborted || (!announce && this.isIdle)) return;
    let workers: readonly Presence[] | undefined;
    await this.#attempt(async () => {
      await announce?.(this.#done, this.#registry.excluded);
      workers = await board.workers();
      for (const event of this.#registry.update(workers)) this.#emit(event);
      if (warnings?.areDue) for (const event of await warnings.ask()) this.#emit(event);
    });
    if (workers) await this.#checkCopies(workers);
    this.#publishMore();
    await this.#startHere();
  }

  async #checkCopies(workers: readonly Presence[]): Promise<void> {
    const { clock, kind } = this.#options;
    const now = clock.now();
    for (const [index, job] of this.#jobs)
      for (const copy of job.copies) {
        if (!isOpen(job) || copy.state === "gone") continue;
        const presence = workers.find(({ id }) => id === copy.by);
        if (presence) copy.lastSeenAt = now;
        const { doing } = presence ?? {};
        if (doing?.kind === kind && doing.index === index && doing.step !== copy.step) {
          Object.assign<Copy, Partial<Copy>>(copy, { step: doing.step, progressAt: now });
          if (job.state === "open") this.#emit({ kind: "progress", index, step: doing.step, steps: doing.steps });
        }
        if (now - copy.lastSeenAt > goneMs || now - copy.progressAt > stuckMs) await this.#check(index, copy);
      }
  }

  /** Checks the status of an overdue copy. */
  async #check(index: number, copy: Copy): Promise<void> {
    const status = await this.#statusOf(index, copy);
    if (!status) return;
    const now = this.#options.clock.now();
    if (status.state === "answered") return this.#receive(index, copy, status.body);
    if (status.state === "failed") return this.#onFailed(index, copy, status.why);
    if (status.state === "waiting") {
      // BullMQ has put the stalled copy back
      if (copy.state === "taken" && this.#jobs.get(index)?.state === "open")
        this.#emit({ kind: "again", index, why: goneText(copy.by) });
      Object.assign<Copy, Partial<Copy>>(copy, { state: "waiting", by: undefined, lastSeenAt: now, progressAt: now });
      return;
    }
    if (status.state === "taken" && copy.by !== status.by) return this.#onTaken(index, copy);
    copy.state = "gone";
    const why = status.state === "missing" ? "it was lost" : goneText(copy.by);
    if (this.#jobs.get(index)?.state === "open") this.#retry(index, why);
  }

  /** The status of a copy; undefined while the board cannot be reached. */
  async #statusOf(index: number, { attempt }: Copy): Promise<JobStatus | undefined> {
    const { kind, board } = this.#options;
    let status: JobStatus | undefined;
    await this.#attempt(async () => {
      status = await board.statusOf(sharedJobId(kind, { index, attempt }));
    });
    return status;
  }

  /** Starts a job on this machine: one that `mayStart` allows, or whose retries are exhausted. */
  async #startHere(): Promise<void> {
    const { runHere, mayStart, signal } = this.#options;
    const startable = mayStart?.() ?? "untaken";
    if (!runHere || this.#runningHere || signal.aborted || this.#isStopped) return;
    // from the end, because workers take the first; those that are taken come last
    const isTaken = ({ copies }: SharedJob) => copies.some(({ state }) => state === "taken");
    const [taken, untaken] = [true, false].map((wanted) =>
      [...this.#jobs].reverse().filter(([, job]) => isTaken(job) === wanted),
    );
    for (const [index, job] of [...untaken!, ...taken!]) {
      if (job.state !== "open" || (startable === "nothing" && !areRetriesExhausted(job))) continue;
      if (startable !== "anything" && isTaken(job)) continue;
      for (const copy of job.copies.filter(({ state }) => state === "waiting")) await this.#withdraw(index, copy);
      if (job.state !== "open" || (isTaken(job) && startable !== "anything")) continue;
      job.state = isTaken(job) ? "raced" : "here";
      this.#runningHere = this.#runHere(index, job, runHere(index));
      return;
    }
  }

  async #withdraw(index: number, copy: Copy): Promise<void> {
    const { kind, board } = this.#options;
    const id = sharedJobId(kind, { index, attempt: copy.attempt });
    const status = await board
      .withdraw([id])
      .then(() => board.statusOf(id))
      .catch(() => undefined);
    if (status?.state === "taken") await this.#onTaken(index, copy);
    else copy.state = "gone";
  }

  async #runHere(index: number, job: SharedJob, news: AsyncGenerator<News>): Promise<void> {
    this.#emit({ kind: "begin", index, by: undefined });
    const isEnded = () => job.state === "ended";
    try {
      for await (const one of news) {
        // a worker was faster
        if (isEnded()) break;
        this.#emit({ kind: "here", index, news: one });
      }
    } catch (error) {
      this.#bug ??= error;
    }
    this.#runningHere = undefined;
    if (!isEnded()) this.#end(index, job);
    this.#wake();
    this.#enqueue(() => this.#startHere());
  }

  #copyOf(id: string): { readonly index: number; readonly copy: Copy } | undefined {
    const name = sharedJobName(this.#options.kind, id);
    const copy = name && this.#jobs.get(name.index)?.copies[name.attempt - 1];
    return copy && { index: name.index, copy };
  }
}

function goneText(worker = "its worker"): string {
  return `${worker} is gone or makes no progress`;
}

/** Whether an answer to it would still be accepted. */
function isOpen({ state }: SharedJob): boolean {
  return state === "open" || state === "raced";
}

function areRetriesExhausted({ failures, copies, givenBack: returned }: SharedJob): boolean {
  return failures >= mostFailures || copies.length - returned >= mostCopies;
}
