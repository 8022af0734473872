import type { RunPlaces } from "../folder.ts";
import { Curves, type CurvesOf, type TableRow } from "./curves.ts";
import { type Digest, digestAfter, nothingYet } from "./digest.ts";
import type { Entry } from "./events.ts";
import { readEntries } from "./reader.ts";

type OfKind<Kind extends Entry["kind"]> = Extract<Entry, { readonly kind: Kind }>;

/** Most messages kept for a page that is opened late. */
const mostMessages = 2000;

/** The contents of a journal in memory: each reading adds only new events. */
export class RunHistory {
  readonly #journal: string;
  readonly #curves = new Curves();
  readonly #samples: OfKind<"sample">[] = [];
  readonly #saved = new Map<string, OfKind<"saved">>();
  #messages: Entry[] = [];
  #start: OfKind<"start"> | undefined;
  #choice: OfKind<"choice"> | undefined;
  #digest: Digest = nothingYet;
  #changedAt = 0;
  #at = 0;
  #reading: Promise<void> = Promise.resolve();

  constructor({ journal }: RunPlaces) {
    this.#journal = journal;
  }

  /** Reads the new events. @throws the system's own errors when the journal cannot be read */
  async catchUp(): Promise<void> {
    // in turn: two concurrent readings would take the same lines
    this.#reading = this.#reading.catch(() => {}).then(() => this.#readOn());
    await this.#reading;
  }

  /** Number of the last event read. */
  get seq(): number {
    return this.#digest.seq;
  }

  /** Number of the last event that opened, began to stop or ended the run. */
  get changedAt(): number {
    return this.#changedAt;
  }

  /** The last messages after `afterSeq`: all events but those of steps and memory. */
  messages(afterSeq: number): readonly Entry[] {
    return this.#messages.filter(({ seq }) => seq > afterSeq);
  }

  /** Every sample image that was drawn. */
  get samples(): readonly OfKind<"sample">[] {
    return this.#samples;
  }

  /** The last save of each embedding file. */
  get saved(): readonly OfKind<"saved">[] {
    return [...this.#saved.values()];
  }

  /** The last `start` event. */
  get start(): OfKind<"start"> | undefined {
    return this.#start;
  }

  /** Which vectors the final file holds, if the run chose. */
  get choice(): OfKind<"choice"> | undefined {
    return this.#choice;
  }

  curves(most: number): CurvesOf {
    return this.#curves.read(most);
  }

  table(range: { readonly from: number; readonly to: number; readonly rows: number }): TableRow[] {
    return this.#curves.table(range);
  }

  async #readOn(): Promise<void> {
    for (;;) {
      const { entries, end, isAtEnd } = await readEntries(this.#journal, this.#at, this.seq);
      for (const entry of entries) this.#take(entry);
      if (this.#messages.length > mostMessages) this.#messages = this.#messages.slice(-mostMessages);
      this.#at = end;
      if (isAtEnd) return;
    }
  }

  #take(entry: Entry): void {
    const before = stageOf(this.#digest);
    this.#digest = digestAfter(this.#digest, entry);
    if (entry.kind === "opened" || stageOf(this.#digest) !== before) this.#changedAt = entry.seq;
    this.#curves.take(entry);
    if (entry.kind === "sample") this.#samples.push(entry);
    if (entry.kind === "saved") this.#saved.set(entry.file, entry);
    if (entry.kind === "start") this.#start = entry;
    if (entry.kind === "start" || entry.kind === "choice") this.#choice = entry.kind === "choice" ? entry : undefined;
    if (entry.kind !== "step" && entry.kind !== "memory") this.#messages.push(entry);
  }
}

/** The part of a run's state that its controls depend on: not whether an image is being drawn. */
function stageOf({ session, phase, outcome }: Digest): string {
  return session === "open" ? `open ${phase === "stopping"}` : `${session} ${outcome}`;
}
