import { closeSync, constants, fsync, ftruncateSync, openSync, writeSync } from "node:fs";
import { withoutArrays } from "../../events/index.ts";
import type { TrainingEvent } from "../../training/index.ts";
import type { RunEvent } from "./events.ts";
import { readEntries, readTail } from "./reader.ts";

/** The events of a run on disk: written at once, so that they survive a crash of the process, and synced every second, so that they survive
 *  a crash of the machine. While the disk is full they are kept in memory. */
export class Journal {
  readonly #handle: number;
  /** Bytes of whole lines. */
  #length: number;
  #seq: number;
  #waiting: string[] = [];
  #isSynced = true;
  readonly #beat: NodeJS.Timeout;

  private constructor(handle: number, length: number, seq: number) {
    this.#handle = handle;
    this.#length = length;
    this.#seq = seq;
    this.#beat = setInterval(() => this.#sync(), syncMs);
    this.#beat.unref();
  }

  /** Opens a journal to append to it, or makes it. An unfinished last line is cut off. @throws the system's own errors */
  static async open(file: string): Promise<Journal> {
    const handle = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o666);
    try {
      const { last, end } = await endOf(file);
      ftruncateSync(handle, end);
      return new Journal(handle, end, last);
    } catch (error) {
      closeSync(handle);
      throw error;
    }
  }

  /** Number of the last event. */
  get seq(): number {
    return this.#seq;
  }

  append(event: TrainingEvent | RunEvent): void {
    const entry = { seq: ++this.#seq, time: Date.now(), upMs: Math.round(performance.now()), ...event };
    this.#waiting.push(`${JSON.stringify(entry, withoutArrays)}\n`);
    this.#write();
  }

  close(): void {
    clearInterval(this.#beat);
    this.#write();
    closeSync(this.#handle);
  }

  /** Writes the waiting lines. If that fails they keep waiting: the run matters more than its journal. */
  #write(): void {
    const bytes = Buffer.from(this.#waiting.join(""));
    try {
      for (let written = 0; written < bytes.length; )
        written += writeSync(this.#handle, bytes, written, bytes.length - written, this.#length + written);
    } catch {
      // half a line does no harm: readers wait for its end
      if (this.#waiting.length > mostWaiting) this.#waiting = this.#waiting.filter((line) => !line.includes(stepMark));
      return;
    }
    this.#length += bytes.length;
    this.#waiting = [];
    this.#isSynced = bytes.length === 0 && this.#isSynced;
  }

  #sync(): void {
    if (this.#waiting.length > 0) this.#write();
    if (this.#isSynced) return;
    this.#isSynced = true;
    fsync(this.#handle, () => {});
  }
}

const syncMs = 1000;
/** Lines kept in memory while the disk is full, before those of steps are dropped. */
const mostWaiting = 10_000;
const stepMark = '"kind":"step"';

/** The number of the last event, and where it ends. */
async function endOf(file: string): Promise<{ readonly last: number; readonly end: number }> {
  const { entries, end } = await readTail(file);
  const [newest] = entries.slice(-1);
  if (newest) return { last: newest.seq, end };
  // the end is damaged: the last event is somewhere before it
  let last = 0;
  for (let at = 0; ; ) {
    const read = await readEntries(file, at);
    last = read.entries.at(-1)?.seq ?? last;
    if (read.isAtEnd) return { last, end: read.end };
    at = read.end;
  }
}
