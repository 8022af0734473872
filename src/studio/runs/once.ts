import { appendFile, readFile } from "node:fs/promises";
import type { Context } from "hono";
import { CoinageError } from "../../errors/index.ts";
import { writeFileAtomically } from "../../files/index.ts";

/** Most requests remembered, and characters of their answers: the answer for a grid of images is long. */
const [most, mostText] = [200, 2_000_000];
/** Characters of the file beyond which it is rewritten with only the remembered requests. */
const longestFile = 2 * mostText;

/** A line of the file: a request has begun (only its key), was answered, or has failed and may be sent again. */
interface Note {
  readonly key: string;
  readonly answer?: object;
  readonly hasFailed?: true;
}

/** Answers to requests with an Idempotency-Key, so that a repeated request is not done twice, not even after a restart. */
export class Once {
  readonly #file: string;
  readonly #answers = new Map<string, Promise<object>>();
  /** The newest line of each request, the oldest request first. */
  readonly #lines = new Map<string, string>();
  #fileLength = 0;
  readonly #ready: Promise<void>;
  #notes: Promise<unknown>;

  constructor(file: string) {
    this.#file = file;
    this.#ready = this.#read();
    this.#notes = this.#ready;
  }

  /** Answers with the result of the work, done at most once per key. @throws ACTION_INTERRUPTED if a studio ended during the request; what the work throws */
  async do(c: Context, work: () => Promise<object>): Promise<Response> {
    const given = c.req.header("idempotency-key");
    if (given === undefined) return c.json(await work());
    await this.#ready;
    const key = `${c.req.method} ${c.req.path} ${given.slice(0, 200)}`;
    const answer = this.#answers.get(key) ?? this.#first(key, work);
    this.#answers.set(key, answer);
    return c.json(await answer);
  }

  async #first(key: string, work: () => Promise<object>): Promise<object> {
    await this.#note({ key });
    try {
      const answer = await work();
      await this.#note({ key, answer });
      return answer;
    } catch (error) {
      this.#answers.delete(key);
      await this.#note({ key, hasFailed: true });
      throw error;
    }
  }

  /** Remembers a note and appends it to the file. If that fails, it lasts only as long as this studio. */
  #note(note: Note): Promise<unknown> {
    const line = this.#remember(note);
    this.#notes = this.#notes
      .then(async () => {
        this.#fileLength += line.length;
        if (this.#fileLength > longestFile) await this.#writeAnew();
        else await appendFile(this.#file, line);
      })
      .catch(() => {});
    return this.#notes;
  }

  /** Remembers a note instead of the request's earlier one, and forgets the oldest requests beyond the limits. Returns its line. */
  #remember(note: Note): string {
    const line = `${JSON.stringify(note)}\n`;
    if (note.hasFailed) this.#lines.delete(note.key);
    else this.#lines.set(note.key, line);
    let text = [...this.#lines.values()].reduce((sum, { length }) => sum + length, 0);
    for (const [key, { length }] of this.#lines) {
      if (key === note.key || (this.#lines.size <= most && text <= mostText)) break;
      this.#lines.delete(key);
      this.#answers.delete(key);
      text -= length;
    }
    return line;
  }

  /** Reads the notes of earlier studios. */
  async #read(): Promise<void> {
    const text = await readFile(this.#file, "utf8").catch(() => "");
    const last = new Map<string, Note>();
    for (const note of text.split("\n").flatMap(noteIn)) {
      last.delete(note.key);
      if (!note.hasFailed) last.set(note.key, note);
    }
    for (const note of last.values()) {
      const known = note.answer ? Promise.resolve(note.answer) : Promise.reject(interrupted());
      known.catch(() => {});
      this.#answers.set(note.key, known);
      this.#remember(note);
    }
    await this.#writeAnew().catch(() => {});
  }

  async #writeAnew(): Promise<void> {
    const text = [...this.#lines.values()].join("");
    await writeFileAtomically(this.#file, text);
    this.#fileLength = text.length;
  }
}

/** The note in a line; none if the line is damaged or unfinished. */
function noteIn(line: string): Note[] {
  try {
    const note = JSON.parse(line) as Note;
    return typeof note.key === "string" ? [note] : [];
  } catch {
    return [];
  }
}

function interrupted(): CoinageError {
  return new CoinageError("ACTION_INTERRUPTED", "The studio ended while it did this, so it may be done, or not.", {
    hint: "Look at how things stand. If it was not done, ask for it anew, with another Idempotency-Key.",
  });
}
