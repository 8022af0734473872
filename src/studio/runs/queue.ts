import os from "node:os";
import { CoinageError } from "../../errors/index.ts";
import {
  changeRecord,
  isUnderWay,
  listRuns,
  placesOf,
  type RunPlaces,
  type RunRow,
  readRun,
} from "../../runs/index.ts";
import { type Caller, launchRun } from "./start.ts";

/** How often it is looked whether the next run can start, while some wait. In milliseconds. */
const lookMs = 1000;

interface QueueOptions {
  /** The folder of all runs. */
  readonly root: string;
  readonly caller: Caller;
  readonly report: (error: unknown) => void;
}

/** Starts runs, one at a time on this machine; the others wait in order. That they wait stands in their folders, so it outlives the studio. */
export class RunQueue {
  readonly #options: QueueOptions;
  #work: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  readonly #listeners = new Set<() => void>();

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /** Puts a run behind those that wait, and starts it at once if nothing is under way. One that waits keeps its place. steps: of the whole run.
   *  @throws RUN_BUSY, RUN_UNREADABLE, RUN_NEWER, OUTPUT_UNWRITABLE */
  async add(places: RunPlaces, steps?: number): Promise<void> {
    await this.exclusively(async () => {
      const { state, id } = await readRun(places);
      if (state !== undefined && isUnderWay(state))
        throw new CoinageError("RUN_BUSY", "The run is under way already.", { where: id });
      if (state === "queued") return;
      const last = waitingOf(await listRuns(this.#options.root)).at(-1);
      const queued = { turn: (last?.turn ?? 0) + 1, ...(steps !== undefined && { steps }) };
      await changeRecord(places, (record) => ({ ...record, wanted: "queued", queued }));
      await this.#startNext();
    });
    this.#changed();
  }

  /** Takes a run out of the queue: what it was before, it is again. @throws OUTPUT_UNWRITABLE */
  async remove(places: RunPlaces): Promise<void> {
    await this.exclusively(() =>
      changeRecord(places, ({ queued, ...record }) =>
        // it may have begun meanwhile
        record.wanted === "queued" ? { ...record, wanted: "draft" } : record,
      ),
    );
    this.#changed();
  }

  /** Moves a waiting run to a place in the order, from 0. @throws RUN_ENDED when it does not wait */
  async move(id: string, position: number): Promise<void> {
    await this.exclusively(async () => {
      const waiting = waitingOf(await listRuns(this.#options.root));
      const moved = waiting.find((row) => row.id === id);
      if (!moved) throw new CoinageError("RUN_ENDED", "The run is not in the queue.", { where: id });
      const others = waiting.filter((row) => row !== moved);
      const order = [...others.slice(0, position), moved, ...others.slice(position)];
      for (const [turn, { folder }] of order.entries())
        await changeRecord(placesOf(folder), (record) => ({ ...record, queued: { ...record.queued, turn: turn + 1 } }));
    });
    this.#changed();
  }

  /** Starts what can be started, also what waited when an earlier studio ended. */
  async look(): Promise<void> {
    await this.exclusively(() => this.#startNext()).catch(this.#options.report);
    this.#changed();
  }

  /** Does something while no run is started, moved or taken out. */
  exclusively<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#work.catch(() => {}).then(work);
    this.#work = turn;
    return turn;
  }

  /** Calls back whenever the queue has changed, until the signal is aborted. */
  onChange(listener: () => void, signal: AbortSignal): void {
    this.#listeners.add(listener);
    signal.addEventListener("abort", () => this.#listeners.delete(listener), { once: true });
  }

  /** Starts nothing any more. Runs go on. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #startNext(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#isClosed) return;
    const rows = await listRuns(this.#options.root);
    const [next, ...others] = waitingOf(rows);
    if (!next) return;
    const isFree = underWayOf(rows) === undefined;
    if (isFree) await this.#start(placesOf(next.folder));
    if (others.length === 0 && isFree) return;
    this.#timer = setTimeout(() => void this.look(), lookMs);
    this.#timer.unref();
  }

  async #start(places: RunPlaces): Promise<void> {
    let steps: number | undefined;
    await changeRecord(places, ({ queued, ...record }) => {
      steps = queued?.steps;
      return { ...record, wanted: "run" };
    });
    await launchRun(places, this.#options.caller, steps, () => void this.look());
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** Runs that wait, the next one first. */
export function waitingOf(rows: readonly RunRow[]): RunRow[] {
  const waiting = rows.filter(({ state }) => state === "queued");
  return waiting.sort((a, b) => a.turn! - b.turn! || a.id.localeCompare(b.id));
}

/** The run that has this machine's device. */
export function underWayOf(rows: readonly RunRow[]): RunRow | undefined {
  return rows.find(({ state, host }) => state !== undefined && isUnderWay(state) && host === os.hostname());
}
