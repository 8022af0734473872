import type { BoardEvent, BoardOf, CoordinatorBoard, Standing } from "../board/board.ts";
import type { Clock } from "../coordinator/clock.ts";
import { Roll, type RollEvent } from "../coordinator/roll.ts";
import { longest } from "../protocol/job.ts";
import type { Presence } from "../protocol/manifest.ts";
import type { Seal } from "../protocol/signed.ts";
import { givenBack, type RunAnswer, runAnswerSchema, runJobId } from "./protocol.ts";

/** What is heard while runs are given out. index: of the run. */
export type ShareEvent<News> =
  /** by: the worker; undefined for this machine. */
  | { readonly kind: "begin"; readonly index: number; readonly by: string | undefined }
  | { readonly kind: "progress"; readonly index: number; readonly step: number; readonly steps: number }
  | { readonly kind: "again"; readonly index: number; readonly why: string }
  | { readonly kind: "answered"; readonly index: number; readonly answer: RunAnswer }
  /** Workers have failed at it, and this machine trains none. */
  | { readonly kind: "failed"; readonly index: number; readonly why: string }
  /** This machine's news of a run that it trains itself. */
  | { readonly kind: "here"; readonly index: number; readonly news: News }
  | RollEvent
  | { readonly kind: "queueDown"; readonly why: string }
  | { readonly kind: "queueBack" };

/** What runs are given out with. */
export interface Giving<News> {
  readonly board: CoordinatorBoard;
  readonly of: BoardOf;
  /** Signed. */
  readonly manifest: string;
  readonly seal: Seal;
  readonly clock: Clock;
  /** Signs the job of a run. */
  readonly bodyOf: (index: number, attempt: number) => string;
  /** Checks what was brought, and puts it in its place; or why it is refused. */
  readonly accept: (job: string, answer: RunAnswer) => Promise<string | undefined>;
  /** Trains a run on this machine; undefined where workers do all. A run that ends without news was stopped. */
  readonly trainHere: ((index: number) => AsyncGenerator<News>) | undefined;
  readonly signal: AbortSignal;
}

const tickMs = 1000;
/** A copy of a run whose worker has not been heard of for so long is given out once more, in milliseconds; and one that has made no step for so long. */
const [goneMs, stuckMs] = [10_000, 30 * 60_000];
/** Failures, and copies in all, after which a run is left to this machine, or fails: it may be what kills its workers. */
const [mostFailures, mostCopies] = [3, 6];
/** So often a run may be given back besides: a worker that only says that it leaves would be asked for ever. */
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
  state: "open" | "here" | "ended";
}

/** Gives runs out to whoever takes them, until each has an answer, and trains some here meanwhile. indices: of the runs. */
export class RunSharing<News> {
  readonly #with: Giving<News>;
  readonly #entries: Map<number, Entry>;
  readonly #roll = new Roll();
  readonly #events: ShareEvent<News>[] = [];
  #wake: () => void = () => {};
  #isDown = false;
  #here: Promise<void> | undefined;
  #bug: unknown;
  /** What is heard is dealt with in turn. */
  #turn: Promise<void> = Promise.resolve();

  constructor(indices: readonly number[], giving: Giving<News>) {
    this.#with = giving;
    this.#entries = new Map(indices.map((index) => [index, { copies: [], failures: 0, givenBack: 0, state: "open" }]));
  }

  /** @throws what the board throws when it cannot be reached at first, and bugs */
  async *run(): AsyncGenerator<ShareEvent<News>> {
    const { board, signal } = this.#with;
    await this.#announce();
    board.listen((event) => this.#soon(() => this.#hear(event)));
    for (const index of this.#entries.keys()) this.#publish(index);
    const onAbort = () => this.#wake();
    signal.addEventListener("abort", onAbort);
    let callOff = () => {};
    const beat = () => {
      this.#soon(() => this.#tick());
      callOff = this.#with.clock.after(tickMs, beat);
    };
    beat();
    try {
      for (;;) {
        yield* this.#events.splice(0);
        if (this.#bug !== undefined) throw this.#bug;
        if (this.#isDone || (signal.aborted && !this.#here)) break;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
          if (this.#events.length > 0) resolve();
        });
      }
      yield* this.#events.splice(0);
    } finally {
      callOff();
      signal.removeEventListener("abort", onAbort);
      await this.#turn;
      await this.#here;
    }
  }

  get #isDone(): boolean {
    return [...this.#entries.values()].every(({ state }) => state === "ended") && !this.#here;
  }

  #soon(act: () => Promise<void>): void {
    this.#turn = this.#turn.then(act).catch((error: unknown) => {
      this.#bug ??= error;
    });
    void this.#turn.then(() => this.#wake());
  }

  #tell(event: ShareEvent<News>): void {
    this.#events.push(event);
    this.#wake();
  }

  #announce(): Promise<void> {
    const done = [...this.#entries.values()].filter(({ state }) => state === "ended").length;
    return this.#with.board.announce(this.#with.manifest, { step: done, out: this.#roll.out });
  }

  /** Hangs up one more copy of a run. */
  #publish(index: number): void {
    const { copies } = this.#entries.get(index)!;
    const attempt = copies.length + 1;
    const now = this.#with.clock.now();
    copies.push({ attempt, state: "waiting", by: undefined, heardAt: now, movedAt: now, step: 0 });
    this.#soon(() =>
      this.#attempt(() =>
        this.#with.board.publish(
          [{ id: runJobId({ index, attempt }), body: this.#with.bodyOf(index, attempt) }],
          attempt > 1,
        ),
      ),
    );
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
    if (this.#entries.get(index)!.state !== "open") return;
    // the queue itself gives a copy to another worker where the first one has not renewed its lock
    if (before !== undefined && before !== standing.by) this.#tell({ kind: "again", index, why: isGone(before) });
    this.#tell({ kind: "begin", index, by: standing.by ?? "a worker" });
  }

  /** A copy that brings nothing. */
  #failed(index: number, copy: Copy, why: string): void {
    const entry = this.#entries.get(index)!;
    if (copy.state === "gone") return;
    copy.state = "gone";
    if (entry.state !== "open") return;
    if (why === givenBack && entry.givenBack < mostGivenBack) entry.givenBack++;
    else entry.failures++;
    this.#giveAgain(index, why);
  }

  #giveAgain(index: number, why: string): void {
    const entry = this.#entries.get(index)!;
    if (entry.copies.some(({ state }) => state !== "gone")) return;
    if (entry.failures < mostFailures && entry.copies.length - entry.givenBack < mostCopies) {
      this.#tell({ kind: "again", index, why });
      this.#publish(index);
    } else if (!this.#with.trainHere) {
      entry.state = "ended";
      this.#tell({ kind: "failed", index, why });
    }
  }

  async #judge(index: number, copy: Copy, body: string): Promise<void> {
    const entry = this.#entries.get(index)!;
    if (entry.state !== "open" || copy.state === "gone") return;
    const opened = this.#with.seal.open(body, runAnswerSchema, longest.result);
    if ("problem" in opened) return this.#failed(index, copy, `its result is refused: ${opened.problem}`);
    const answer = opened.message;
    const { worker } = answer;
    const { run, incarnation } = this.#with.of;
    const isOfSweep = answer.run === run && answer.incarnation === incarnation;
    const isOfJob = isOfSweep && answer.index === index && answer.attempt === copy.attempt;
    if (this.#roll.isOut(worker)) return this.#failed(index, copy, `${worker} is not used any more`);
    if (answer.problem && entry.failures + 1 < mostFailures && isOfMachine(answer.problem.code))
      return this.#failed(index, copy, `${answer.problem.code} on ${worker}`);
    const job = runJobId({ index, attempt: copy.attempt });
    const problem = !isOfJob
      ? "its result is of another run"
      : answer.problem
        ? undefined
        : await this.#with.accept(job, answer);
    if (problem !== undefined) {
      this.#tell(this.#roll.strike(worker, problem));
      return this.#failed(index, copy, `the result of ${worker} is refused: ${problem}`);
    }
    entry.state = "ended";
    this.#tell({ kind: "answered", index, answer });
  }

  /** What is due each second: who is there, how far they are, who is gone; and a run for this machine. */
  async #tick(): Promise<void> {
    if (this.#with.signal.aborted) return;
    let workers: readonly Presence[] | undefined;
    await this.#attempt(async () => {
      await this.#announce();
      workers = await this.#with.board.workers();
      for (const event of this.#roll.update(workers)) this.#tell(event);
    });
    if (workers) await this.#lookAfterCopies(workers);
    await this.#beginHere();
  }

  async #lookAfterCopies(workers: readonly Presence[]): Promise<void> {
    const now = this.#with.clock.now();
    for (const [index, entry] of this.#entries)
      for (const copy of entry.copies) {
        if (entry.state !== "open" || copy.state === "gone") continue;
        const presence = workers.find(({ id }) => id === copy.by);
        if (presence) copy.heardAt = now;
        const { training } = presence ?? {};
        if (training?.index === index && training.step !== copy.step) {
          Object.assign(copy, { step: training.step, movedAt: now });
          if (entry.state === "open")
            this.#tell({ kind: "progress", index, step: training.step, steps: training.steps });
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
      Object.assign(copy, { state: "waiting", by: undefined, heardAt: now, movedAt: now });
      return;
    }
    if (standing.state === "taken" && copy.by !== standing.by) return this.#taken(index, copy);
    copy.state = "gone";
    const why = standing.state === "missing" ? "it was lost" : isGone(copy.by);
    if (this.#entries.get(index)!.state === "open") this.#giveAgain(index, why);
  }

  /** How a copy stands on the board; undefined while that is out of reach. */
  async #look(index: number, { attempt }: Copy): Promise<Standing | undefined> {
    let standing: Standing | undefined;
    await this.#attempt(async () => {
      standing = await this.#with.board.look(runJobId({ index, attempt }));
    });
    return standing;
  }

  /** Begins a run here that nobody has taken, or that workers fail at. */
  async #beginHere(): Promise<void> {
    const { trainHere, board, signal } = this.#with;
    if (!trainHere || this.#here || signal.aborted) return;
    // from the end: workers begin at the start
    for (const [index, entry] of [...this.#entries].reverse()) {
      const waiting = entry.copies.filter(({ state }) => state === "waiting");
      const isFree = entry.copies.every(({ state }) => state !== "taken");
      if (entry.state !== "open" || !isFree) continue;
      for (const copy of waiting) {
        const id = runJobId({ index, attempt: copy.attempt });
        const standing = await board
          .withdraw([id])
          .then(() => board.look(id))
          .catch(() => undefined);
        if (standing?.state === "taken") await this.#taken(index, copy);
        else copy.state = "gone";
      }
      if (entry.copies.some(({ state }) => state === "taken")) continue;
      entry.state = "here";
      this.#here = this.#trainHere(index, trainHere(index));
      return;
    }
  }

  async #trainHere(index: number, news: AsyncGenerator<News>): Promise<void> {
    this.#tell({ kind: "begin", index, by: undefined });
    try {
      for await (const one of news) this.#tell({ kind: "here", index, news: one });
    } catch (error) {
      this.#bug ??= error;
    }
    this.#entries.get(index)!.state = "ended";
    this.#here = undefined;
    this.#wake();
    this.#soon(() => this.#beginHere());
  }

  #copyOf(id: string): { readonly index: number; readonly copy: Copy } | undefined {
    const [, index, attempt] = /^r(\d+)-(\d+)$/.exec(id) ?? [];
    const copy = this.#entries.get(Number(index))?.copies[Number(attempt) - 1];
    return copy && { index: Number(index), copy };
  }
}

function isGone(worker = "its worker"): string {
  return `${worker} is gone or stands still`;
}

/** Whether another machine may do better. */
function isOfMachine(code: string): boolean {
  return /^(OUT_OF_MEMORY|SYSTEM_REFUSED|DEVICE_UNAVAILABLE|RUNTIME|OUTPUT_UNWRITABLE|FILE_NOT_FOUND)$/.test(code);
}
