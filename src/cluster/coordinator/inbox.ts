import type { BoardEvent } from "../board/board.ts";

/** What a step waits for. */
export type Heard = BoardEvent | { readonly kind: "tick" } | { readonly kind: "closed" };

/** Events in the order in which they came, for one who waits for the next. */
export class Inbox {
  readonly #waiting: Heard[] = [];
  #wake: (() => void) | undefined;

  put(event: Heard): void {
    this.#waiting.push(event);
    this.#wake?.();
  }

  async next(): Promise<Heard> {
    while (this.#waiting.length === 0)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    return this.#waiting.shift()!;
  }
}
