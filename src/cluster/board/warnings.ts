import type { Clock } from "../coordinator/clock.ts";
import type { CoordinatorBoard } from "./board.ts";

/** Interval at which a board is asked, in milliseconds. */
const askedMs = 60_000;

/** The warnings of a board, each given once. */
export class BoardWarnings {
  readonly #board: Pick<CoordinatorBoard, "warnings">;
  readonly #clock: Clock;
  readonly #given = new Set<string>();
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(board: Pick<CoordinatorBoard, "warnings">, clock: Clock) {
    this.#board = board;
    this.#clock = clock;
  }

  /** Whether it is time to ask. */
  get areDue(): boolean {
    return this.#clock.now() - this.#askedAt >= askedMs;
  }

  /** Asks the board, and gives the warnings that are new. @throws what the board throws */
  async ask(): Promise<{ readonly kind: "queueWarning"; readonly why: string }[]> {
    this.#askedAt = this.#clock.now();
    const found = (await this.#board.warnings()).filter((why) => !this.#given.has(why));
    for (const why of found) this.#given.add(why);
    return found.map((why) => ({ kind: "queueWarning", why }));
  }
}
