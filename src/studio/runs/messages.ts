import { setTimeout as pause } from "node:timers/promises";
import { type Entry, follow, placesOf, type RunRow, readRun, Wake } from "../../runs/index.ts";
import { shortDisk } from "../disk/room.ts";
import type { StreamMessage } from "../http/event-stream.ts";
import type { Tries } from "../using/tries/tries.ts";
import { lookMs, type RunListing } from "./listing.ts";
import { underWayOf, waitingOf } from "./queue.ts";

/** How far each of some runs is known, by its folder: the number of its last event. */
export type Positions = ReadonlyMap<string, number>;

/** The positions as the id of a message: one id has to tell them all, because a client remembers only the last. */
export function idOf(positions: Positions): string {
  return [...positions].map(([run, seq]) => `${encodeURIComponent(run)}:${seq}`).join(",");
}

/** Reads such an id; undefined for what is none. */
export function positionsIn(id: string): Positions | undefined {
  const parts = id.split(",").map((part) => /^([^:]+):(\d{1,15})$/.exec(part));
  if (parts.some((part) => part === null)) return undefined;
  try {
    return new Map(parts.map((part) => [decodeURIComponent(part![1]!), Number(part![2])]));
  } catch {
    return undefined;
  }
}

/** Steps that follow each other within this time are faster than people can follow, and of those the newest is told every so often: each that is told has a page drawn,
 *  by the processor that may be training. In milliseconds. */
const [fastMs, stepMs] = [200, 1000];

/** Events of a run as fast as people can follow: of steps in quick succession the newest at most every so often, of those that were missed the newest, of everything else all, in
 *  their order. A wait for the next event goes on meanwhile. */
export async function* thinned(entries: AsyncIterable<Entry>, everyMs: number = stepMs): AsyncGenerator<Entry, void> {
  const iterator = entries[Symbol.asyncIterator]();
  let held: Entry | undefined;
  let [toldAt, dueAt, stepTime] = [Number.NEGATIVE_INFINITY, 0, Number.NEGATIVE_INFINITY];
  let next = iterator.next();
  try {
    for (;;) {
      const came = held ? await inTime(next, dueAt - performance.now()) : await next;
      if (came === undefined || came.done) {
        if (held) yield held;
        if (came?.done) return;
        [held, toldAt] = [undefined, performance.now()];
        continue;
      }
      next = iterator.next();
      const { value: entry } = came;
      if (entry.kind === "step") {
        // one that is due now waits for those that are there already
        dueAt = entry.time - stepTime < fastMs ? toldAt + everyMs : 0;
        [held, stepTime] = [entry, entry.time];
        continue;
      }
      if (held) yield held;
      held = undefined;
      yield entry;
    }
  } finally {
    // not waited for: it ends with the event it waits for, or by its signal
    iterator.return?.(undefined).catch(() => {});
  }
}

/** What comes within a time; undefined when nothing does. */
async function inTime<Item>(coming: Promise<Item>, ms: number): Promise<Item | undefined> {
  const over = new AbortController();
  const late = pause(Math.max(0, ms), undefined, { signal: over.signal }).catch(() => undefined);
  return Promise.race([coming, late]).finally(() => over.abort());
}

/** Items of several sources in the order in which they come. */
async function* merged<Item>(sources: readonly AsyncIterable<Item>[]): AsyncGenerator<Item, void> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]());
  const take = (i: number) => iterators[i]!.next().then((result) => ({ i, result }));
  const coming = new Map(iterators.map((_, i) => [i, take(i)]));
  try {
    while (coming.size > 0) {
      const { i, result } = await Promise.race(coming.values());
      if (result.done) coming.delete(i);
      else {
        coming.set(i, take(i));
        yield result.value;
      }
    }
  } finally {
    for (const iterator of iterators) iterator.return?.(undefined).catch(() => {});
  }
}

interface Told {
  readonly listing: RunListing;
  /** What the disk is to have left, in bytes. */
  readonly leaveBytes: number;
  readonly tries: Tries;
  readonly signal: AbortSignal;
}

/** What a page is told: events of the runs that it looks at, after those it knows; `run` with the row of each run that has changed, `gone` with the id of one that
 *  is no longer there; `queue` with the ids of those that wait, and `device` with the id of the run that has it; `disk` with what it has left where that is too little, else null; `try` with an image that is drawn of those it looks at. */
export function runMessages(
  known: Positions,
  { listing, leaveBytes, tries, signal }: Told,
): AsyncGenerator<StreamMessage, void> {
  const positions = new Map(known);
  const eventsOf = async function* (run: string, seq: number): AsyncGenerator<StreamMessage, void> {
    const { folder } = placesOf(`${listing.root}/${run}`);
    for await (const entry of thinned(follow(placesOf(folder), seq, { signal }))) {
      positions.set(run, entry.seq);
      yield { id: idOf(positions), event: entry.kind, data: { run, ...entry } };
    }
  };
  return merged([
    changedRows(listing, { leaveBytes, followed: new Set(known.keys()), signal }),
    tryMessages(tries.changes([...known.keys()], signal)),
    ...[...known].map(([run, seq]) => eventsOf(run, seq)),
  ]);
}

/** Images of the runs that were asked for, as they are drawn. */
async function* tryMessages(tries: ReturnType<Tries["changes"]>): AsyncGenerator<StreamMessage, void> {
  for await (const one of tries) yield { event: "try", data: one };
}

/** What of a row changes with each step, which the events of the run tell, too. */
const ofSteps: ReadonlySet<string> = new Set([
  ...(["seq", "updatedMs", "step", "loss", "averageLoss", "remainingSeconds"] satisfies (keyof RunRow)[]),
]);

interface Watched extends Pick<Told, "leaveBytes" | "signal"> {
  /** Runs whose events are told beside. */
  readonly followed: ReadonlySet<string>;
}

/** What has changed in the folder of all runs; at first everything. */
async function* changedRows(
  listing: RunListing,
  { leaveBytes, followed, signal }: Watched,
): AsyncGenerator<StreamMessage, void> {
  const told = new Map<string, string>();
  const isNew = (key: string, data: unknown, isFollowed = false): boolean => {
    const text = JSON.stringify(data, (name, value) => (isFollowed && ofSteps.has(name) ? undefined : value));
    if (told.get(key) === text) return false;
    told.set(key, text);
    return true;
  };
  const change = new Wake();
  signal.addEventListener("abort", change.wake, { once: true });
  listing.onChange(change.wake, signal);
  let earlier: readonly RunRow[] | undefined;
  while (!signal.aborted) {
    const rows = await listing.watched();
    if (rows !== earlier) {
      const known = new Set(earlier);
      for (const row of rows)
        if (!known.has(row) && isNew(`run ${row.id}`, row, followed.has(row.id)))
          yield { event: "run", data: row satisfies RunRow };
      const here = new Set(rows.map(({ id }) => id));
      // a page may have read of a run that was gone before its stream began
      const before = earlier?.map(({ id }) => id) ?? [...followed];
      for (const id of before)
        if (!here.has(id)) {
          told.delete(`run ${id}`);
          yield { event: "gone", data: { id } };
        }
      const waiting = { queue: waitingOf(rows).map(({ id }) => id) };
      if (isNew("queue", waiting)) yield { event: "queue", data: waiting };
      const device = { run: underWayOf(rows)?.id ?? null };
      if (isNew("device", device)) yield { event: "device", data: device };
      earlier = rows;
    }
    const disk = await shortDisk(listing.root, leaveBytes);
    if (isNew("disk", disk)) yield { event: "disk", data: disk };
    await change.wait(lookMs);
  }
}

/** Where each run stands now, for a page that begins to look. */
export async function positionsNow(root: string, runs: readonly string[]): Promise<Positions> {
  return new Map(
    await Promise.all(runs.map(async (run) => [run, (await readRun(placesOf(`${root}/${run}`))).seq] as const)),
  );
}
