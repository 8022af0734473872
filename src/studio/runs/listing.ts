import { stat } from "node:fs/promises";
import path from "node:path";
import { isUnfinished, listRuns, placesOf, type RunRow, readRun, recordStamp } from "../../runs/index.ts";

/** How often all runs are looked at while somebody watches, in milliseconds: together for all who do. */
export const lookMs = 1000;
/** Of the runs that ended some time ago, each look asks one in so many whether it was opened again: in case its process could not touch the folder of all runs. */
const looks = 40;
/** A run that has ended is looked at each time for so long, in milliseconds: how its process ended is noted after it. */
const settlingMs = 60_000;

/** A run as it was seen last, and the record that this was by. */
interface SeenRun {
  readonly row: RunRow;
  readonly stamp: string;
  /** Until when it is looked at each time, in milliseconds by a clock that nobody sets; undefined while it goes on. */
  readonly untilMs: number | undefined;
}

/** The runs of a studio, as those who watch see them. Those under way, waiting or new are looked at each second, those that ended only when the folder of all runs was
 *  touched, as it is when a run is made, moved or opened: so a thousand of them cost little. */
export class RunListing {
  /** The folder of all runs. */
  readonly root: string;
  /** By folder. */
  readonly #seen = new Map<string, SeenRun>();
  /** In their order. */
  #rows: readonly RunRow[] = [];
  readonly #listeners = new Set<() => void>();
  #look = 0;
  /** When the folder of all runs was touched, as far as is known, in milliseconds since 1970. */
  #touchedMs: number | undefined;
  #isForgotten = false;
  #listing: Promise<readonly RunRow[]> | undefined;
  #listedAt = Number.NEGATIVE_INFINITY;

  constructor(root: string) {
    this.root = root;
  }

  /** All runs as they are now, the newest first. */
  now(): Promise<readonly RunRow[]> {
    return listRuns(this.root);
  }

  /** All runs as they were within the last second; the same array as before where nothing has changed. */
  watched(): Promise<readonly RunRow[]> {
    if (this.#listing && performance.now() - this.#listedAt < lookMs / 2) return this.#listing;
    this.#listedAt = performance.now();
    this.#listing = this.#lookAgain();
    return this.#listing;
  }

  /** Has a run looked at anew, or all of them, and whoever watches told at once. */
  changed(id?: string): void {
    if (id === undefined) this.#seen.clear();
    else this.#seen.delete(path.join(this.root, id));
    this.#isForgotten ||= id === undefined;
    this.#listing = undefined;
    for (const listener of this.#listeners) listener();
  }

  /** Calls back whenever runs are known to have changed, until the signal is aborted. */
  onChange(listener: () => void, signal: AbortSignal): void {
    this.#listeners.add(listener);
    signal.addEventListener("abort", () => this.#listeners.delete(listener), { once: true });
  }

  async #lookAgain(): Promise<readonly RunRow[]> {
    // before anything is read: what is touched meanwhile is seen next time
    const touchedMs = (await stat(this.root).catch(() => undefined))?.mtimeMs;
    const isTouched = this.#isForgotten || touchedMs !== this.#touchedMs;
    [this.#touchedMs, this.#isForgotten] = [touchedMs, false];
    this.#look++;
    if (isTouched) this.#rows = await listRuns(this.root, (folder) => this.#read(folder));
    else await this.#readDue();
    return this.#rows;
  }

  /** Reads what may have changed without a touch of the folder of all runs. */
  async #readDue(): Promise<void> {
    const due = this.#rows.filter(
      ({ folder }, place) => place % looks === this.#look % looks || !isSettled(this.#seen.get(folder)),
    );
    const read = new Map<RunRow, RunRow | undefined>();
    await Promise.all(due.map(async (row) => read.set(row, await this.#read(row.folder))));
    if (due.some((row) => read.get(row) !== row))
      this.#rows = this.#rows.flatMap((row) => (read.has(row) ? (read.get(row) ?? []) : row));
  }

  async #read(folder: string): Promise<RunRow | undefined> {
    const places = placesOf(folder);
    const stamp = await recordStamp(places);
    const seen = this.#seen.get(folder);
    if (isSettled(seen) && seen.stamp === stamp) return seen.row;
    this.#seen.delete(folder);
    if (stamp === undefined) return undefined;
    const row = await readRun(places);
    this.#seen.set(folder, { row, stamp, untilMs: isUnfinished(row.state) ? undefined : settlesAt(row, seen) });
    return row;
  }
}

/** When a run that has ended will have settled. One that is seen for the first time may have ended long ago, as far as the clock can be trusted. */
function settlesAt({ seq, updatedMs = 0 }: RunRow, before: SeenRun | undefined): number {
  if (before?.untilMs !== undefined && before.row.seq === seq) return before.untilMs;
  const isOld = before === undefined && Math.abs(Date.now() - updatedMs) >= settlingMs;
  return isOld ? 0 : performance.now() + settlingMs;
}

/** Whether a run has changed only if its record has. */
function isSettled(seen: SeenRun | undefined): seen is SeenRun {
  return seen?.untilMs !== undefined && performance.now() >= seen.untilMs;
}
