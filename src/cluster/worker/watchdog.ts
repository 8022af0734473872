import type { BoardOf, Compute, Serving, WorkerBoard } from "../board/board.ts";

/** Looks in a row at which jobs waited while none came here, until the connection counts as dead. */
const looks = 4;
/** New connections that may be dead, too. */
const connections = 3;

/** Notices that a worker gets no jobs though some wait: a client that has lost its server may never say so. */
export class Watchdog {
  #running = 0;
  #taken = 0;
  #seen = 0;
  #hungry = 0;
  #renewed = 0;

  /** Passes on a job. */
  async during<Answer>(compute: () => Promise<Answer>): Promise<Answer> {
    this.#running++;
    this.#taken++;
    try {
      return await compute();
    } finally {
      this.#running--;
    }
  }

  /** waiting: jobs that nobody has taken. */
  look(waiting: number): "fine" | "renew" | "stuck" {
    const hasWorked = this.#running > 0 || this.#taken > this.#seen;
    this.#seen = this.#taken;
    if (hasWorked) this.#renewed = 0;
    this.#hungry = hasWorked || waiting === 0 ? 0 : this.#hungry + 1;
    if (this.#hungry < looks) return "fine";
    this.#hungry = 0;
    return ++this.#renewed > connections ? "stuck" : "renew";
  }
}

/** Serves a queue, and connects anew when jobs wait there and none comes. */
export class WatchedServing {
  readonly #open: () => Promise<Serving>;
  readonly #waiting: () => Promise<number>;
  readonly #watchdog: Watchdog;
  #serving: Serving;

  static async open(
    board: WorkerBoard,
    of: BoardOf,
    name: string,
    compute: Compute,
    jobsEach?: () => number,
  ): Promise<WatchedServing> {
    const watchdog = new Watchdog();
    const open = () => board.serve(of, name, (body) => watchdog.during(() => compute(body)), jobsEach);
    return new WatchedServing(open, () => board.waiting(of), watchdog, await open());
  }

  private constructor(
    open: () => Promise<Serving>,
    waiting: () => Promise<number>,
    watchdog: Watchdog,
    serving: Serving,
  ) {
    this.#open = open;
    this.#waiting = waiting;
    this.#watchdog = watchdog;
    this.#serving = serving;
  }

  /** Looks after it from time to time. */
  async look(say: (text: string) => void): Promise<"fine" | "stuck"> {
    const waiting = this.#serving.isResting() ? 0 : await this.#waiting().catch(() => 0);
    const verdict = this.#watchdog.look(waiting);
    if (verdict !== "renew") return verdict;
    say("jobs wait and none comes here: connecting anew");
    await this.#serving.close(true);
    this.#serving = await this.#open();
    return "fine";
  }

  /** As that of a board's serving. */
  close(isForced?: boolean): Promise<void> {
    return this.#serving.close(isForced);
  }
}
