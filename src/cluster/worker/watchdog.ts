import type { Compute, Consumer, QueueId, WorkerBoard } from "../board/board.ts";

/** Checks in a row at which jobs waited and none arrived here, after which the connection counts as dead. */
const checksToReconnect = 4;
/** Reconnects in a row that brought no job, after which only a new process helps. */
const mostReconnects = 3;

/** Notices that a consumer gets no jobs though some wait: a client that has lost its server may never report it. */
export class Watchdog {
  #running = 0;
  #taken = 0;
  #takenBefore = 0;
  #idleChecks = 0;
  #reconnects = 0;

  /** Computes a job, and notes that one has arrived. */
  async track<Answer>(compute: () => Promise<Answer>): Promise<Answer> {
    this.#running++;
    this.#taken++;
    try {
      return await compute();
    } finally {
      this.#running--;
    }
  }

  /** What to do. waiting: jobs that no worker has taken. */
  check(waiting: number): "fine" | "reconnect" | "stuck" {
    const hasWorked = this.#running > 0 || this.#taken > this.#takenBefore;
    this.#takenBefore = this.#taken;
    if (hasWorked) this.#reconnects = 0;
    this.#idleChecks = hasWorked || waiting === 0 ? 0 : this.#idleChecks + 1;
    if (this.#idleChecks < checksToReconnect) return "fine";
    this.#idleChecks = 0;
    return ++this.#reconnects > mostReconnects ? "stuck" : "reconnect";
  }
}

/** Consumes a queue, and reconnects when jobs wait there and none arrives. */
export class WatchedConsumer {
  readonly #open: () => Promise<Consumer>;
  readonly #waiting: () => Promise<number>;
  readonly #watchdog: Watchdog;
  #consumer: Consumer;

  static async open(
    board: WorkerBoard,
    of: QueueId,
    name: string,
    compute: Compute,
    jobsEach?: () => number,
  ): Promise<WatchedConsumer> {
    const watchdog = new Watchdog();
    const open = () => board.consume(of, name, (body) => watchdog.track(() => compute(body)), jobsEach);
    return new WatchedConsumer(open, () => board.waitingCount(of), watchdog, await open());
  }

  private constructor(
    open: () => Promise<Consumer>,
    waiting: () => Promise<number>,
    watchdog: Watchdog,
    consumer: Consumer,
  ) {
    this.#open = open;
    this.#waiting = waiting;
    this.#watchdog = watchdog;
    this.#consumer = consumer;
  }

  /** Checks the connection; to be called once a second. stuck: reconnecting did not help. */
  async check(say: (text: string) => void): Promise<"fine" | "stuck"> {
    const waiting = this.#consumer.isPaused() ? 0 : await this.#waiting().catch(() => 0);
    const verdict = this.#watchdog.check(waiting);
    if (verdict !== "reconnect") return verdict;
    say("jobs are waiting, but none arrives here: reconnecting");
    await this.#consumer.close(true);
    this.#consumer = await this.#open();
    return "fine";
  }

  /** Finishes the job under way first, unless it is forced. */
  close(isForced?: boolean): Promise<void> {
    return this.#consumer.close(isForced);
  }
}
