import os from "node:os";
import { CoinageError } from "../../errors/index.ts";
import { changeRecord, isUnderWay, placesOf, type RunPlaces, type RunRow, readRun } from "../../runs/index.ts";
import { lookMs, type RunListing } from "./listing.ts";
import { type Caller, launchRun } from "./start.ts";

interface QueueOptions {
  readonly listing: RunListing;
  readonly caller: Caller;
  readonly report: (error: unknown) => void;
}

/** Starts runs, one at a time on this machine; the others wait in order. The order is stored in their folders, so it survives the studio. */
export class RunQueue {
  readonly #options: QueueOptions;
  #work: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  /** The run that the queue waits for. */
  #busy: RunPlaces | undefined;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /** Adds a run to the end of the queue; it starts at once if the machine is free. A queued run keeps its place. steps: of the whole run.
   *  @throws RUN_BUSY, RUN_UNREADABLE, RUN_NEWER, OUTPUT_UNWRITABLE */
  async add(places: RunPlaces, steps?: number): Promise<void> {
    await this.exclusively(async () => {
      const { state, id } = await readRun(places);
      if (state !== undefined && isUnderWay(state))
        throw new CoinageError("RUN_BUSY", "The run is under way already.", { where: id });
      if (state === "queued") return;
      const last = waitingOf(await this.#options.listing.now()).at(-1);
      const queued = { turn: (last?.turn ?? 0) + 1, ...(steps !== undefined && { steps }) };
      await changeRecord(places, (record) => ({ ...record, wanted: "queued", queued }));
      await this.#startNext();
    });
    this.#options.listing.changed();
  }

  /** Removes a run from the queue; it returns to its earlier state. @throws OUTPUT_UNWRITABLE */
  async remove(places: RunPlaces): Promise<void> {
    await this.exclusively(() =>
      changeRecord(places, ({ queued, ...record }) =>
        // it may have started meanwhile
        record.wanted === "queued" ? { ...record, wanted: "draft" } : record,
      ),
    );
    this.#options.listing.changed();
  }

  /** Moves a queued run to a place in the queue, from 0. @throws RUN_ENDED if it is not queued */
  async move(id: string, position: number): Promise<void> {
    await this.exclusively(async () => {
      const waiting = waitingOf(await this.#options.listing.now());
      const moved = waiting.find((row) => row.id === id);
      if (!moved) throw new CoinageError("RUN_ENDED", "The run is not in the queue.", { where: id });
      const others = waiting.filter((row) => row !== moved);
      const order = [...others.slice(0, position), moved, ...others.slice(position)];
      for (const [turn, { folder }] of order.entries())
        await changeRecord(placesOf(folder), (record) => ({ ...record, queued: { ...record.queued, turn: turn + 1 } }));
    });
    this.#options.listing.changed();
  }

  /** Starts the next run if the machine is free, also one queued by an earlier studio. */
  async look(): Promise<void> {
    await this.exclusively(() => this.#startNext()).catch(this.#options.report);
    this.#options.listing.changed();
  }

  /** Does work while no run is started, moved or removed. */
  exclusively<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#work.catch(() => {}).then(work);
    this.#work = turn;
    return turn;
  }

  /** Stops starting runs. Those in progress go on. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #startNext(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#isClosed) return;
    const rows = await this.#options.listing.now();
    const [next, ...others] = waitingOf(rows);
    if (!next) return;
    const busy = underWayOf(rows);
    if (!busy) await this.#start(placesOf(next.folder));
    this.#busy = busy && placesOf(busy.folder);
    if (others.length > 0 || busy) this.#lookSoon();
  }

  #lookSoon(): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(async () => {
      const state = this.#busy && (await readRun(this.#busy)).state;
      if (state !== undefined && isUnderWay(state)) this.#lookSoon();
      else await this.look();
    }, lookMs);
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
}

/** Queued runs, the next one first. */
export function waitingOf(rows: readonly RunRow[]): RunRow[] {
  const waiting = rows.filter(({ state }) => state === "queued");
  return waiting.sort((a, b) => a.turn! - b.turn! || a.id.localeCompare(b.id));
}

/** The run in progress on this machine. */
export function underWayOf(rows: readonly RunRow[]): RunRow | undefined {
  return rows.find(({ state, host }) => state !== undefined && isUnderWay(state) && host === os.hostname());
}
