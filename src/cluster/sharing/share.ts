import type { BoardEvent, JobStatus } from "../board/board.ts";
import { Roll } from "../coordinator/roll.ts";
import { longest } from "../protocol/job.ts";
import type { Presence } from "../protocol/manifest.ts";
import type { AnyAnswer, Giving, ShareEvent } from "./giving.ts";
import { givenBack, sharedJobId, sharedJobName } from "./protocol.ts";

const tickMs = 1000;
/** A copy whose worker has not been heard of for so long is given out once more, in milliseconds; and one that has made no step for so long. */
const [goneMs, stuckMs] = [10_000, 30 * 60_000];
/** Failures, and copies in all, after which a job is left to this machine, or fails: it may be what kills its workers. */
export const mostFailures = 3;
const mostCopies = 6;
/** So often a job may be given back besides: a worker that only says that it leaves would be asked for ever. */
const mostGivenBack = 20;

interface Copy {
  readonly attempt: number;
  state: "waiting" | "taken" | "gone";
  by: string | undefined;
  /** When it, or its worker, was heard of last; when it has made a step. */
  heardAt: number;
  movedAt: number;
  step: number;
}

interface Entry {
  readonly copies: Copy[];
  failures: number;
  /** Copies that workers gave back as they left. */
  givenBack: number;
  /** raced: begun here though a worker is at it, too. */
  state: "open" | "here" | "raced" | "ended";
}

/** Gives jobs out to whoever takes them, until each has an answer, and does some here meanwhile. */
export class JobSharing<Answer extends AnyAnswer, News> {
  readonly #with: Giving<Answer, News>;
  readonly #entries = new Map<number, Entry>();
  readonly #roll: Roll;
  readonly #events: ShareEvent<Answer, News>[] = [];
  #done = 0;
  #wake: () => void = () => {};
  #isDown = false;
  #here: Promise<void> | undefined;
  #bug: unknown;
  #callOffTick = () => {};
  #isStopped = false;
  /** What is heard is dealt with in turn. */
  #turn: Promise<void> = Promise.resolve();

  constructor(giving: Giving<Answer, News>) {
    this.#with = giving;
    this.#roll = giving.roll ?? new Roll();
  }

  /** Gives out these jobs, and ends when all have come to an end. @throws what the board throws when it cannot be reached at first, and bugs */
  async *run(indices: readonly number[]): AsyncGenerator<ShareEvent<Answer, News>> {
    const { signal } = this.#with;
    await this.start();
    this.add(...indices);
    const onAbort = () => this.#wake();
    signal.addEventListener("abort", onAbort);
    try {
      for (;;) {
        yield* this.news();
        if (this.isIdle || (signal.aborted && !this.#here)) break;
        await this.change();
      }
      yield* this.news();
    } finally {
      signal.removeEventListener("abort", onAbort);
      await this.stop();
    }
  }

  /** @throws what the board throws when it cannot be reached */
  async start(): Promise<void> {
    await this.#with.announce?.(0, this.#roll.out);
    this.#with.board.listen((event) => this.#soon(() => this.#hear(event)));
    const beat = () => {
      this.#soon(() => this.#tick());
      this.#callOffTick = this.#with.clock.after(tickMs, beat);
    };
    beat();
  }

  /** Gives out more jobs. */
  add(...indices: readonly number[]): void {
    for (const index of indices) this.#entries.set(index, { copies: [], failures: 0, givenBack: 0, state: "open" });
    this.#publishMore();
    this.#soon(() => this.#beginHere());
  }

  /** What was heard since it was asked last. @throws bugs */
  *news(): Generator<ShareEvent<Answer, News>> {
    yield* this.#events.splice(0);
    if (this.#bug !== undefined) throw this.#bug;
  }

  /** Waits until there may be something new. */
  change(): Promise<void> {
    return new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (this.#events.length > 0 || this.#bug !== undefined) resolve();
    });
  }

  /** Whether all jobs have come to an end. */
  get isIdle(): boolean {
    return this.#entries.size === 0 && !this.#here;
  }

  /** Looks at once what may go out by now, and what this machine may begin with. */
  look(): void {
    this.#publishMore();
    this.#soon(() => this.#beginHere());
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#callOffTick();
    await this.#turn;
    await this.#here;
    this.#wake();
  }

  #soon(act: () => Promise<void>): void {
    this.#turn = this.#turn.then(act).catch((error: unknown) => {
      this.#bug ??= error;
    });
    void this.#turn.then(() => this.#wake());
  }

  #tell(event: ShareEvent<Answer, News>): void {
    this.#events.push(event);
    this.#wake();
  }

  #end(index: number, entry: Entry): void {
    entry.state = "ended";
    this.#entries.delete(index);
    this.#done++;
    this.#publishMore();
  }

  /** Hangs up jobs of which no copy was ever out, as many as may be. */
  #publishMore(): void {
    const most = this.#with.mostOut?.() ?? Number.POSITIVE_INFINITY;
    let out = [...this.#entries.values()].filter(({ copies }) => copies.some(({ state }) => state !== "gone")).length;
    for (const [index, { state, copies }] of this.#entries) {
      if (out >= most) return;
      if (state !== "open" || copies.length > 0) continue;
      this.#publish(index);
      out++;
    }
  }

  /** Hangs up one more copy of a job. */
  #publish(index: number): void {
    const { kind, board, bodyOf, clock } = this.#with;
    const { copies } = this.#entries.get(index)!;
    const attempt = copies.length + 1;
    const now = clock.now();
    copies.push({ attempt, state: "waiting", by: undefined, heardAt: now, movedAt: now, step: 0 });
    const id = sharedJobId(kind, { index, attempt });
    this.#soon(() => this.#attempt(() => board.publish([{ id, body: bodyOf(index, attempt) }], attempt > 1)));
  }

  /** Does something with the board. Where that fails the board counts as out of reach until something succeeds. */
  async #attempt(act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
      this.#setDown(undefined);
    } catch (error) {
      this.#setDown(error instanceof Error ? error.message : String(error));
    }
  }

  #setDown(why: string | undefined): void {
    if (why !== undefined && !this.#isDown) this.#tell({ kind: "queueDown", why });
    if (why === undefined && this.#isDown) this.#tell({ kind: "queueBack" });
    this.#isDown = why !== undefined;
  }

  async #hear(event: BoardEvent): Promise<void> {
    if (event.kind === "down") return this.#setDown(event.why);
    if (event.kind === "up") return;
    const found = this.#copyOf(event.id);
    if (!found || found.copy.state === "gone") return;
    const { index, copy } = found;
    if (event.kind === "taken") await this.#taken(index, copy);
    else if (event.kind === "failed") this.#failed(index, copy, event.why);
    else await this.#judge(index, copy, event.body);
  }

  async #taken(index: number, copy: Copy): Promise<void> {
    const now = this.#with.clock.now();
    Object.assign(copy, { state: "taken", heardAt: now, movedAt: now });
    const standing = await this.#look(index, copy);
    if (standing?.state !== "taken") return;
    const before = copy.by;
    copy.by = standing.by;
    if (this.#entries.get(index)?.state !== "open") return;
    // the queue itself gives a copy to another worker where the first one has not renewed its lock
    if (before !== undefined && before !== standing.by) this.#tell({ kind: "again", index, why: isGone(before) });
    this.#tell({ kind: "begin", index, by: standing.by ?? "a worker" });
  }

  /** A copy that brings nothing. */
  #failed(index: number, copy: Copy, why: string): void {
    const entry = this.#entries.get(index);
    if (!entry || copy.state === "gone") return;
    copy.state = "gone";
    if (entry.state !== "open") return;
    if (why === givenBack && entry.givenBack < mostGivenBack) entry.givenBack++;
    else entry.failures++;
    this.#giveAgain(index, why);
  }

  #giveAgain(index: number, why: string): void {
    const entry = this.#entries.get(index)!;
    if (entry.copies.some(({ state }) => state !== "gone")) return;
    if (!isHopeless(entry)) {
      this.#tell({ kind: "again", index, why });
      this.#publish(index);
    } else if (!this.#with.here) {
      this.#tell({ kind: "failed", index, why });
      this.#end(index, entry);
    }
  }

  async #judge(index: number, copy: Copy, body: string): Promise<void> {
    const entry = this.#entries.get(index);
    if (!entry || !isWanted(entry) || copy.state === "gone") return;
    const { kind, seal, answers, of, accept } = this.#with;
    const opened = seal.open(body, answers, longest.result);
    if ("problem" in opened) return this.#failed(index, copy, `its result is refused: ${opened.problem}`);
    const answer = opened.message;
    const { worker } = answer;
    const isOfRun = answer.run === of.run && answer.incarnation === of.incarnation;
    const isOfJob = isOfRun && answer.index === index && answer.attempt === copy.attempt;
    if (this.#roll.isOut(worker)) return this.#failed(index, copy, `${worker} is not used any more`);
    const objection = isOfJob
      ? await accept(sharedJobId(kind, { index, attempt: copy.attempt }), answer, entry.failures)
      : { refused: "its result is of another job" };
    if (objection && "failed" in objection) return this.#failed(index, copy, objection.failed);
    if (objection) {
      this.#tell(this.#roll.strike(worker, objection.refused));
      return this.#failed(index, copy, `the result of ${worker} is refused: ${objection.refused}`);
    }
    // this machine may have ended it meanwhile
    if (!isWanted(entry)) return;
    this.#tell({ kind: "answered", index, answer });
    this.#end(index, entry);
  }

  /** What is due each second: who is there, how far they are, who is gone; and a job for this machine. */
  async #tick(): Promise<void> {
    const { announce, board, signal, warnings } = this.#with;
    if (signal.aborted || (!announce && this.isIdle)) return;
    let workers: readonly Presence[] | undefined;
    await this.#attempt(async () => {
      await announce?.(this.#done, this.#roll.out);
      workers = await board.workers();
      for (const event of this.#roll.update(workers)) this.#tell(event);
      if (warnings?.areDue) for (const event of await warnings.ask()) this.#tell(event);
    });
    if (workers) await this.#lookAfterCopies(workers);
    this.#publishMore();
    await this.#beginHere();
  }

  async #lookAfterCopies(workers: readonly Presence[]): Promise<void> {
    const { clock, kind } = this.#with;
    const now = clock.now();
    for (const [index, entry] of this.#entries)
      for (const copy of entry.copies) {
        if (!isWanted(entry) || copy.state === "gone") continue;
        const presence = workers.find(({ id }) => id === copy.by);
        if (presence) copy.heardAt = now;
        const { doing } = presence ?? {};
        if (doing?.kind === kind && doing.index === index && doing.step !== copy.step) {
          Object.assign(copy, { step: doing.step, movedAt: now });
          if (entry.state === "open") this.#tell({ kind: "progress", index, step: doing.step, steps: doing.steps });
        }
        if (now - copy.heardAt > goneMs || now - copy.movedAt > stuckMs) await this.#lookAfter(index, copy);
      }
  }

  /** A copy of which something should have been heard. */
  async #lookAfter(index: number, copy: Copy): Promise<void> {
    const standing = await this.#look(index, copy);
    if (!standing) return;
    const now = this.#with.clock.now();
    if (standing.state === "answered") return this.#judge(index, copy, standing.body);
    if (standing.state === "failed") return this.#failed(index, copy, standing.why);
    if (standing.state === "waiting") {
      // the queue itself has taken it back
      if (copy.state === "taken" && this.#entries.get(index)?.state === "open")
        this.#tell({ kind: "again", index, why: isGone(copy.by) });
      Object.assign(copy, { state: "waiting", by: undefined, heardAt: now, movedAt: now });
      return;
    }
    if (standing.state === "taken" && copy.by !== standing.by) return this.#taken(index, copy);
    copy.state = "gone";
    const why = standing.state === "missing" ? "it was lost" : isGone(copy.by);
    if (this.#entries.get(index)?.state === "open") this.#giveAgain(index, why);
  }

  /** How a copy stands on the board; undefined while that is out of reach. */
  async #look(index: number, { attempt }: Copy): Promise<JobStatus | undefined> {
    const { kind, board } = this.#with;
    let standing: JobStatus | undefined;
    await this.#attempt(async () => {
      standing = await board.statusOf(sharedJobId(kind, { index, attempt }));
    });
    return standing;
  }

  /** Begins a job here that nobody has taken, or that workers fail at; where workers take too long, also one that is taken. */
  async #beginHere(): Promise<void> {
    const { here, begins, signal } = this.#with;
    const mayBegin = begins?.() ?? "untaken";
    if (!here || this.#here || signal.aborted || this.#isStopped) return;
    // from the end: workers begin at the start; what they have begun comes last
    const isTaken = ({ copies }: Entry) => copies.some(({ state }) => state === "taken");
    const [taken, untaken] = [true, false].map((wanted) =>
      [...this.#entries].reverse().filter(([, entry]) => isTaken(entry) === wanted),
    );
    for (const [index, entry] of [...untaken!, ...taken!]) {
      if (entry.state !== "open" || (mayBegin === "nothing" && !isHopeless(entry))) continue;
      if (mayBegin !== "anything" && isTaken(entry)) continue;
      for (const copy of entry.copies.filter(({ state }) => state === "waiting")) await this.#withdraw(index, copy);
      if (entry.state !== "open" || (isTaken(entry) && mayBegin !== "anything")) continue;
      entry.state = isTaken(entry) ? "raced" : "here";
      this.#here = this.#doHere(index, entry, here(index));
      return;
    }
  }

  async #withdraw(index: number, copy: Copy): Promise<void> {
    const { kind, board } = this.#with;
    const id = sharedJobId(kind, { index, attempt: copy.attempt });
    const standing = await board
      .withdraw([id])
      .then(() => board.statusOf(id))
      .catch(() => undefined);
    if (standing?.state === "taken") await this.#taken(index, copy);
    else copy.state = "gone";
  }

  async #doHere(index: number, entry: Entry, news: AsyncGenerator<News>): Promise<void> {
    this.#tell({ kind: "begin", index, by: undefined });
    const isEnded = () => entry.state === "ended";
    try {
      for await (const one of news) {
        // a worker was faster
        if (isEnded()) break;
        this.#tell({ kind: "here", index, news: one });
      }
    } catch (error) {
      this.#bug ??= error;
    }
    this.#here = undefined;
    if (!isEnded()) this.#end(index, entry);
    this.#wake();
    this.#soon(() => this.#beginHere());
  }

  #copyOf(id: string): { readonly index: number; readonly copy: Copy } | undefined {
    const name = sharedJobName(this.#with.kind, id);
    const copy = name && this.#entries.get(name.index)?.copies[name.attempt - 1];
    return copy && { index: name.index, copy };
  }
}

function isGone(worker = "its worker"): string {
  return `${worker} is gone or stands still`;
}

/** Whether an answer to it is still taken. */
function isWanted({ state }: Entry): boolean {
  return state === "open" || state === "raced";
}

function isHopeless({ failures, copies, givenBack: returned }: Entry): boolean {
  return failures >= mostFailures || copies.length - returned >= mostCopies;
}
