import { type FSWatcher, watch } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import type { StopSignal } from "../../events/index.ts";
import type { RunPlaces } from "../folder.ts";
import type { Entry } from "./events.ts";
import { readEntries } from "./reader.ts";
import { Wake } from "./wake.ts";

interface FollowOptions {
  /** Ends it; waiting, too. */
  readonly signal?: StopSignal | undefined;
  /** How often the journal is looked at, in milliseconds. */
  readonly pollMs?: number;
}

/** Events that come within this time after others are read at once, in milliseconds: the steps of a small model come faster than anybody looks. */
const gatherMs = 200;

/** When so many were gathered, more are taken for granted, and the system is not asked to tell of each. */
const manyEntries = 3;

/** The events of a run after one of them, then those to come, whichever process writes them; it ends by the signal alone, since a run can go on after its end.
 *  afterSeq: number of the last event that is known. @throws the system's own errors when the journal cannot be read */
export async function* follow(
  { folder, journal }: RunPlaces,
  afterSeq = 0,
  { signal, pollMs = 1000 }: FollowOptions = {},
): AsyncGenerator<Entry, void> {
  const change = new Wake();
  let watching: { readonly watcher: FSWatcher | undefined } | undefined = { watcher: watched(folder, change.wake) };
  signal?.addEventListener?.("abort", change.wake);
  let [at, seq] = [0, afterSeq];
  try {
    while (!signal?.aborted) {
      const { entries, end, isAtEnd } = await readEntries(journal, at, seq);
      for (const entry of entries) {
        if (signal?.aborted) return;
        yield entry;
        seq = entry.seq;
      }
      at = end;
      if (!isAtEnd || signal?.aborted) continue;
      if (entries.length > 0) await pause(gatherMs);
      if (entries.length >= manyEntries) {
        watching?.watcher?.close();
        watching = undefined;
        continue;
      }
      if (!watching) {
        watching = { watcher: watched(folder, change.wake) };
        // what was written before is told by nobody
        change.wake();
      }
      await change.wait(pollMs);
    }
  } finally {
    signal?.removeEventListener?.("abort", change.wake);
    watching?.watcher?.close();
  }
}

/** Has the system wake a wait when it sees a change. It is not relied upon: some drives and containers never tell, and watches may be used up. */
function watched(folder: string, wake: () => void): FSWatcher | undefined {
  try {
    return watch(folder, { persistent: false }, wake).on("error", () => {});
  } catch {
    return undefined;
  }
}
