import type { Context } from "hono";

const mostAnswers = 500;

/** Answers to requests with an Idempotency-Key, so that one that is sent again is not done again. */
export class Once {
  readonly #answers = new Map<string, Promise<object>>();

  async do(c: Context, work: () => Promise<object>): Promise<Response> {
    const given = c.req.header("idempotency-key");
    if (given === undefined) return c.json(await work());
    const key = `${c.req.method} ${c.req.path} ${given.slice(0, 200)}`;
    const answer = this.#answers.get(key) ?? work();
    this.#answers.set(key, answer);
    answer.catch(() => this.#answers.delete(key));
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > mostAnswers) this.#answers.delete(oldest!);
    return c.json(await answer);
  }
}
