import { type FSWatcher, watch } from "node:fs";
import type { StopSignal } from "../../events/index.ts";
import type { RunPlaces } from "../folder.ts";
import type { Entry } from "./events.ts";
import { readEntries } from "./reader.ts";

interface FollowOptions {
  /** Ends it; waiting, too. */
  readonly signal?: StopSignal | undefined;
  /** How often the journal is looked at, in milliseconds. */
  readonly pollMs?: number;
}

/** The events of a run after one of them, then those to come, whichever process writes them; it ends by the signal alone, since a run can go on after its end.
 *  afterSeq: number of the last event that is known. @throws the system's own errors when the journal cannot be read */
export async function* follow(
  { folder, journal }: RunPlaces,
  afterSeq = 0,
  { signal, pollMs = 1000 }: FollowOptions = {},
): AsyncGenerator<Entry, void> {
  const hint = new Hint(folder);
  signal?.addEventListener?.("abort", hint.wake);
  let [at, seq] = [0, afterSeq];
  try {
    while (!signal?.aborted) {
      const { entries, end } = await readEntries(journal, at, seq);
      for (const entry of entries) {
        if (signal?.aborted) return;
        yield entry;
        seq = entry.seq;
      }
      const isMoved = end !== at;
      at = end;
      if (!isMoved && !signal?.aborted) await hint.wait(pollMs);
    }
  } finally {
    signal?.removeEventListener?.("abort", hint.wake);
    hint.close();
  }
}

/** A wait that the system may shorten when it sees a change. It is not relied upon: some drives and containers never tell, and watches may be used up. */
class Hint {
  readonly #watcher: FSWatcher | undefined;
  #isHinted = false;
  #end: (() => void) | undefined;

  constructor(folder: string) {
    try {
      this.#watcher = watch(folder, { persistent: false }, this.wake).on("error", () => {});
    } catch {
      this.#watcher = undefined;
    }
  }

  readonly wake = (): void => {
    this.#isHinted = true;
    this.#end?.();
  };

  async wait(ms: number): Promise<void> {
    if (!this.#isHinted)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#end = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    this.#end = undefined;
    this.#isHinted = false;
  }

  close(): void {
    this.#watcher?.close();
  }
}
