import { printable } from "../errors/index.ts";
import { type Level, type Paint, paints, type Terminal } from "./terminal.ts";

/** On a screen, the progress line is redrawn at most this often. */
const redrawMs = 100;

/** Off a screen, progress lines become rarer with time, within these limits. */
const [shortestPauseMs, longestPauseMs] = [10_000, 300_000];

/** A progress line, for screens and for logs. */
export interface Progress {
  /** The line for a screen in several lengths, the longest first: the first that fits is shown. */
  readonly screen: readonly string[];
  /** The line for anything that is not a screen. */
  readonly plain: string;
}

/** Permanent lines, with one progress line below them that is redrawn. Off a screen the progress line is printed from time to time instead.
 *  Lines may contain text from untrusted files: control characters are made visible, so that no terminal obeys them. */
export class Talk {
  readonly #terminal: Terminal;
  readonly #paint: Readonly<Record<"strong" | "warn", Paint>>;
  readonly #start: number;
  #progressLine: readonly string[] | undefined;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.#paint = paints(terminal);
    this.#start = terminal.now();
  }

  /** Writes permanent lines above the progress line. */
  say(...lines: readonly string[]): void {
    this.#say(lines, "info");
  }

  /** Writes a highlighted line. */
  stress(line: string): void {
    this.#say([line], "info", this.#paint.strong);
  }

  /** Writes a warning. */
  warn(line: string): void {
    this.#say([line], "warning", this.#paint.warn);
  }

  /** Writes results, one per line. */
  result(...lines: readonly string[]): void {
    this.#erase();
    for (const line of lines) this.#terminal.result(`${line}\n`);
    this.#draw();
  }

  /** Updates the progress line. isLast: it is the last one, so it must be shown. */
  progress({ screen, plain }: Progress, isLast: boolean): void {
    const { isInteractive, now, talk } = this.#terminal;
    const pauseMs = isInteractive ? redrawMs : this.#pauseMs();
    const isDue = isLast || now() - this.#lastMs >= pauseMs;
    if (isInteractive) this.#progressLine = screen.map(printable);
    if (!isDue) return;
    this.#lastMs = now();
    if (isInteractive) this.#draw();
    else talk(`${printable(plain)}\n`);
  }

  /** Leaves the progress line as it is and continues below it; the next one is shown at once. */
  settle(): void {
    this.#lastMs = Number.NEGATIVE_INFINITY;
    if (!this.#progressLine) return;
    this.#draw();
    this.#terminal.talk("\n");
    this.#progressLine = undefined;
  }

  /** Removes the progress line. */
  clear(): void {
    this.#erase();
    this.#progressLine = undefined;
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
    if (this.#progressLine) this.#terminal.talk("\r\x1b[K");
  }

  #draw(): void {
    if (!this.#progressLine) return;
    const room = Math.max(0, this.#terminal.columns() - 1);
    const line =
      this.#progressLine.find(({ length }) => length <= room) ?? (this.#progressLine.at(-1) ?? "").slice(0, room);
    this.#terminal.talk(`\r${line}\x1b[K`);
  }
}
