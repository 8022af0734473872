import { printable } from "../errors/index.ts";
import { type Level, type Paint, paints, type Terminal } from "./terminal.ts";

/** On a screen, the living line is written at most so often. */
const redrawMs = 100;

/** Off a screen, lines of progress come the slower the longer it takes, but not more and not less often than this. */
const [shortestPauseMs, longestPauseMs] = [10_000, 300_000];

/** How far something is. */
export interface Progress {
  /** For a screen, in several lengths, the longest first: what matters most is in all of them. */
  readonly screen: readonly string[];
  /** For elsewhere. */
  readonly plain: string;
}

/** Lasting lines, with one living line of progress below them. Off a screen that line is written now and then instead.
 *  Lines may hold texts from strangers' files: a terminal shows them and does not obey them. */
export class Talk {
  readonly #terminal: Terminal;
  readonly #paint: Readonly<Record<"strong" | "warn", Paint>>;
  readonly #start: number;
  #living: readonly string[] | undefined;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.#paint = paints(terminal);
    this.#start = terminal.now();
  }

  /** Writes lasting lines above the living one. */
  say(...lines: readonly string[]): void {
    this.#say(lines, "info");
  }

  /** Says a line that stands out. */
  stress(line: string): void {
    this.#say([line], "info", this.#paint.strong);
  }

  /** Says a line that matters to those who want to hear of trouble only. */
  warn(line: string): void {
    this.#say([line], "warning", this.#paint.warn);
  }

  /** Writes results, one a line. */
  result(...lines: readonly string[]): void {
    this.#erase();
    for (const line of lines) this.#terminal.result(`${line}\n`);
    this.#draw();
  }

  /** Renews the living line. isLast: no later one comes, so it must be shown. */
  progress({ screen, plain }: Progress, isLast: boolean): void {
    const { isInteractive, now, talk } = this.#terminal;
    const pauseMs = isInteractive ? redrawMs : this.#pauseMs();
    const isDue = isLast || now() - this.#lastMs >= pauseMs;
    if (isInteractive) this.#living = screen.map(printable);
    if (!isDue) return;
    this.#lastMs = now();
    if (isInteractive) this.#draw();
    else talk(`${printable(plain)}\n`);
  }

  /** Lets the living line stay as it is and goes on below it; the next one is shown at once. */
  settle(): void {
    this.#lastMs = Number.NEGATIVE_INFINITY;
    if (!this.#living) return;
    this.#draw();
    this.#terminal.talk("\n");
    this.#living = undefined;
  }

  /** Takes the living line away. */
  clear(): void {
    this.#erase();
    this.#living = undefined;
  }

  #say(lines: readonly string[], level: Level, paint: Paint = (line) => line): void {
    this.#erase();
    for (const line of lines) this.#terminal.talk(`${paint(printable(line))}\n`, level);
    this.#draw();
  }

  #pauseMs(): number {
    return Math.min(longestPauseMs, Math.max(shortestPauseMs, (this.#terminal.now() - this.#start) / 5));
  }

  #erase(): void {
    if (this.#living) this.#terminal.talk("\r\x1b[K");
  }

  #draw(): void {
    if (!this.#living) return;
    const room = Math.max(0, this.#terminal.columns() - 1);
    const line = this.#living.find(({ length }) => length <= room) ?? (this.#living.at(-1) ?? "").slice(0, room);
    this.#terminal.talk(`\r${line}\x1b[K`);
  }
}
