import { setTimeout as pause } from "node:timers/promises";
import { type Entry, follow, placesOf, type RunRow, readRun, Wake } from "../../runs/index.ts";
import { shortDisk } from "../disk/room.ts";
import type { StreamMessage } from "../http/event-stream.ts";
import type { Tries } from "../using/tries/tries.ts";
import { lookMs, type RunListing } from "./listing.ts";
import { underWayOf, waitingOf } from "./queue.ts";

/** The last event known of each run, by the name of its folder. */
export type Positions = ReadonlyMap<string, number>;

/** Positions as the id of a message: one id has to contain them all, because a client remembers only the last id. */
export function idOf(positions: Positions): string {
  return [...positions].map(([run, seq]) => `${encodeURIComponent(run)}:${seq}`).join(",");
}

/** Reads the id of a message; undefined if it is none. */
export function positionsIn(id: string): Positions | undefined {
  const parts = id.split(",").map((part) => /^([^:]+):(\d{1,15})$/.exec(part));
  if (parts.some((part) => part === null)) return undefined;
  try {
    return new Map(parts.map((part) => [decodeURIComponent(part![1]!), Number(part![2])]));
  } catch {
    return undefined;
  }
}

/** Steps closer than fastMs are too fast to follow, so one is sent every stepMs: for each, a page draws, perhaps on the processor that trains. In milliseconds. */
const [fastMs, stepMs] = [200, 1000];

/** Events of a run without most of its steps: of steps in quick succession or already past, only the newest is sent, at most every `everyMs`; of other events all,
 *  in order. */
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
        // a step that is due gives way to newer ones that are waiting already
        dueAt = entry.time - stepTime < fastMs ? toldAt + everyMs : 0;
        [held, stepTime] = [entry, entry.time];
        continue;
      }
      if (held) yield held;
      held = undefined;
      yield entry;
    }
  } finally {
    // not awaited: it ends with its next event or by its signal
    iterator.return?.(undefined).catch(() => {});
  }
}

/** The value of a promise if it comes in time, else undefined. */
async function inTime<Item>(coming: Promise<Item>, ms: number): Promise<Item | undefined> {
  const over = new AbortController();
  const late = pause(Math.max(0, ms), undefined, { signal: over.signal }).catch(() => undefined);
  return Promise.race([coming, late]).finally(() => over.abort());
}

/** Items of several sources in the order of their arrival. */
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
  /** Disk space that should be left, in bytes. */
  readonly leaveBytes: number;
  readonly tries: Tries;
  readonly signal: AbortSignal;
}

/** Messages to a page: events of the runs it shows, after those it knows; `run` with the row of each changed run; `gone` with the id of a run whose folder is gone;
 *  `queue` with the ids of waiting runs; `device` with the id of the run that uses it; `disk` with the free space if it is too little, else null; `try` with an image
 *  drawn for a run it shows. */
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

/** Messages about requested images as they are drawn. */
async function* tryMessages(tries: ReturnType<Tries["changes"]>): AsyncGenerator<StreamMessage, void> {
  for await (const one of tries) yield { event: "try", data: one };
}

/** Fields of a row that change with each step, which the events of the run contain, too. */
const ofSteps: ReadonlySet<string> = new Set([
  ...(["seq", "updatedMs", "step", "loss", "averageLoss", "remainingSeconds"] satisfies (keyof RunRow)[]),
]);

interface Watched extends Pick<Told, "leaveBytes" | "signal"> {
  /** Runs whose events the page also gets. */
  readonly followed: ReadonlySet<string>;
}

/** Messages about changes in the folder of all runs; at first about all of it. */
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
      // a run may have gone between the page's first read and its stream
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

/** The current position of each run, for a page that starts watching. */
export async function positionsNow(root: string, runs: readonly string[]): Promise<Positions> {
  return new Map(
    await Promise.all(runs.map(async (run) => [run, (await readRun(placesOf(`${root}/${run}`))).seq] as const)),
  );
}
