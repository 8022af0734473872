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
