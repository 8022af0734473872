import { type FSWatcher, watch } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import type { StopSignal } from "../../events/index.ts";
import type { RunPlaces } from "../folder.ts";
import type { Entry } from "./events.ts";
import { readEntries } from "./reader.ts";
import { Wake } from "./wake.ts";

interface FollowOptions {
  /** Ends it, even while it waits. */
  readonly signal?: StopSignal | undefined;
  /** How often the journal is read if nothing reports a change, in milliseconds. */
  readonly pollMs?: number;
}

/** Pause after events, in milliseconds, so that the next ones are read together: steps of a small model come faster than anybody can read. */
const gatherMs = 200;

/** With at least this many events in one read, more are expected at once, and the folder is not watched. */
const manyEntries = 3;

/** The events of a run after `afterSeq`, then those to come, whichever process writes them. Only the signal ends it, since an ended run can be resumed.
 *  @throws the system's own errors when the journal cannot be read */
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
        // the watcher does not report what was written before
        change.wake();
      }
      await change.wait(pollMs);
    }
  } finally {
    signal?.removeEventListener?.("abort", change.wake);
    watching?.watcher?.close();
  }
}

/** Wakes a wait when the system reports a change in the folder. Not relied upon: some drives and containers report none, and watches may be used up. */
function watched(folder: string, wake: () => void): FSWatcher | undefined {
  try {
    return watch(folder, { persistent: false }, wake).on("error", () => {});
  } catch {
    return undefined;
  }
}
