import { isUnderWay, listRuns, type RunRow } from "../../runs/index.ts";

/** How often all runs are looked at while somebody watches, in milliseconds: together for all who do. */
export const lookMs = 1000;
/** Runs that ended some time ago are looked at in one of so many looks. */
const looks = 40;
/** A run that has ended is looked at each time for so long, in milliseconds: how its process ended is noted after it. */
const settlingMs = 60_000;

/** The runs of a studio, as those who watch see them. A thousand runs that ended cost little: all are looked at within forty seconds, those under way each second, new ones at once. */
export class RunListing {
  /** The folder of all runs. */
  readonly root: string;
  readonly #rows = new Map<string, RunRow>();
  readonly #listeners = new Set<() => void>();
  #look = 0;
  #listing: Promise<readonly RunRow[]> | undefined;
  #listedAt = Number.NEGATIVE_INFINITY;

  constructor(root: string) {
    this.root = root;
  }

  /** All runs as they are now, the newest first. */
  now(): Promise<readonly RunRow[]> {
    return listRuns(this.root);
  }

  /** All runs as they were within the last second, those that ended long ago within the last forty. */
  watched(): Promise<readonly RunRow[]> {
    if (this.#listing && performance.now() - this.#listedAt < lookMs / 2) return this.#listing;
    this.#listedAt = performance.now();
    this.#look++;
    this.#listing = listRuns(this.root, (name, place) => this.#settled(name, place)).then((rows) => {
      this.#rows.clear();
      for (const row of rows) this.#rows.set(row.id, row);
      return rows;
    });
    return this.#listing;
  }

  /** Has a run looked at anew, and whoever watches told at once. */
  changed(id?: string): void {
    if (id === undefined) this.#rows.clear();
    else this.#rows.delete(id);
    this.#listing = undefined;
    for (const listener of this.#listeners) listener();
  }

  /** Calls back whenever runs are known to have changed, until the signal is aborted. */
  onChange(listener: () => void, signal: AbortSignal): void {
    this.#listeners.add(listener);
    signal.addEventListener("abort", () => this.#listeners.delete(listener), { once: true });
  }

  /** The row of a run that need not be looked at this time. */
  #settled(name: string, place: number): RunRow | undefined {
    const row = this.#rows.get(name);
    if (!row || place % looks === this.#look % looks) return undefined;
    const isActive = row.state === "queued" || (row.state !== undefined && isUnderWay(row.state));
    return isActive || Date.now() - (row.updatedMs ?? 0) < settlingMs ? undefined : row;
  }
}
