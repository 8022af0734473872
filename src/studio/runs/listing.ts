import { stat } from "node:fs/promises";
import path from "node:path";
import { isUnfinished, listRuns, placesOf, type RunRow, readRun, recordStamp } from "../../runs/index.ts";

/** How often the runs are read while pages watch, in milliseconds: once for all pages. */
export const lookMs = 1000;
/** Each look reads one in so many of the settled runs, in case a process opened it and could not touch the folder of all runs. */
const looks = 40;
/** How long a run is read at every look after its end, in milliseconds: its process's exit is noted later. */
const settlingMs = 60_000;

/** A run as last read, with the stamp of its record. */
interface SeenRun {
  readonly row: RunRow;
  readonly stamp: string;
  /** Until when it is read at every look, in milliseconds by a monotonic clock; undefined while it is unfinished. */
  readonly untilMs: number | undefined;
}

/** The runs of a studio, for the pages that watch. Unfinished and recent ones are read every second, others only when the folder of all runs was touched,
 *  as it is when a run is made, moved or opened: so a thousand of them cost little. */
export class RunListing {
  /** The folder of all runs. */
  readonly root: string;
  /** By folder. */
  readonly #seen = new Map<string, SeenRun>();
  /** The newest first. */
  #rows: readonly RunRow[] = [];
  readonly #listeners = new Set<() => void>();
  #look = 0;
  /** Modification time of the folder of all runs at the last look, in milliseconds since 1970. */
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

  /** All runs as of the last second; the same array as before if nothing has changed. */
  watched(): Promise<readonly RunRow[]> {
    if (this.#listing && performance.now() - this.#listedAt < lookMs / 2) return this.#listing;
    this.#listedAt = performance.now();
    this.#listing = this.#lookAgain();
    return this.#listing;
  }

  /** Forces a fresh read of a run, or of all, and notifies all listeners at once. */
  changed(id?: string): void {
    if (id === undefined) this.#seen.clear();
    else this.#seen.delete(path.join(this.root, id));
    this.#isForgotten ||= id === undefined;
    this.#listing = undefined;
    for (const listener of this.#listeners) listener();
  }

  /** Calls the listener on every `changed`, until the signal is aborted. */
  onChange(listener: () => void, signal: AbortSignal): void {
    this.#listeners.add(listener);
    signal.addEventListener("abort", () => this.#listeners.delete(listener), { once: true });
  }

  async #lookAgain(): Promise<readonly RunRow[]> {
    // read first: a touch during this look is noticed by the next one
    const touchedMs = (await stat(this.root).catch(() => undefined))?.mtimeMs;
    const isTouched = this.#isForgotten || touchedMs !== this.#touchedMs;
    [this.#touchedMs, this.#isForgotten] = [touchedMs, false];
    this.#look++;
    if (isTouched) this.#rows = await listRuns(this.root, (folder) => this.#read(folder));
    else await this.#readDue();
    return this.#rows;
  }

  /** Reads the runs that may have changed without a touch of the folder of all runs. */
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

/** When an ended run counts as settled. One read for the first time may have ended long ago, as far as the clock can be trusted. */
function settlesAt({ seq, updatedMs = 0 }: RunRow, before: SeenRun | undefined): number {
  if (before?.untilMs !== undefined && before.row.seq === seq) return before.untilMs;
  const isOld = before === undefined && Math.abs(Date.now() - updatedMs) >= settlingMs;
  return isOld ? 0 : performance.now() + settlingMs;
}

/** Whether a run has settled: from then on it changes only together with its record. */
function isSettled(seen: SeenRun | undefined): seen is SeenRun {
  return seen?.untilMs !== undefined && performance.now() >= seen.untilMs;
}
