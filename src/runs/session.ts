import { utimes } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { CoinageError } from "../errors/index.ts";
import { type Lock, takeLock } from "../files/index.ts";
import type { TrainingCommand, TrainingEvent } from "../training/index.ts";
import { type FoundCommand, takeCommands } from "./control.ts";
import type { RunPlaces } from "./folder.ts";
import type { Outcome, ProblemData } from "./journal/events.ts";
import { Journal } from "./journal/journal.ts";
import { changeRecord, openedHere, type RunRecord, writeRecord } from "./record.ts";
import { forgetStart, lookAtStart } from "./started.ts";

/** How often to look for commands, in milliseconds: people press a button and wait. */
const commandMs = 250;
/** How often to measure memory, and to write the state that a lost run resumes from, in milliseconds. */
const [memoryMs, keepMs] = [2000, 60_000];
/** Changes of memory by less than this share are not reported. */
const toldShare = 0.05;

/** Locks a run for this process until it is released. @throws RUN_BUSY, OUTPUT_UNWRITABLE */
export function takeRun({ lock: file, folder }: RunPlaces): Promise<Lock> {
  return takeFolder(
    { file, folder, what: "run" },
    "coinage stop RUN ends it and keeps what was learned; --run with a name begins another run.",
  );
}

/** Locks the folder of a run or a sweep for this process until it is released. file: the lock; hint: what to do if another process holds it.
 *  @throws RUN_BUSY, OUTPUT_UNWRITABLE */
export async function takeFolder(
  { file, folder, what }: { readonly file: string; readonly folder: string; readonly what: string },
  hint: string,
): Promise<Lock> {
  const answer = await takeLock(file).catch((cause: unknown) => {
    throw new CoinageError("OUTPUT_UNWRITABLE", `The folder of the ${what} cannot be written to.`, {
      where: folder,
      cause,
    });
  });
  if ("release" in answer) return answer;
  const { pid, host, since } = answer.heldBy;
  const message = `The ${what} is under way already: process ${pid} on ${host}, since ${since}.`;
  throw new CoinageError("RUN_BUSY", message, { where: folder, hint });
}

/** A process's work on a run that it has locked: writes events to the journal and passes commands to the training. */
export class RunSession {
  readonly #places: RunPlaces;
  readonly #journal: Journal;
  readonly #stop = new AbortController();
  readonly #now = new AbortController();
  readonly #timers: readonly NodeJS.Timeout[];
  #waiting: TrainingCommand[] = [];
  /** Cancel requested images that are not drawn yet, by the ids of their commands. */
  readonly #images = new Map<string, AbortController>();
  #step = 0;
  #toldRss = 0;
  #looking: Promise<void> = Promise.resolve();

  private constructor(places: RunPlaces, journal: Journal) {
    this.#places = places;
    this.#journal = journal;
    this.#timers = [
      setInterval(() => this.#look(), commandMs),
      setInterval(() => this.#tellMemory(), memoryMs),
      setInterval(() => this.#keep(), keepMs),
    ];
    for (const timer of this.#timers) timer.unref();
  }

  /** Opens a run that this process has locked. version: of this program. @throws OUTPUT_UNWRITABLE */
  static async open(places: RunPlaces, record: RunRecord, version: string): Promise<RunSession> {
    const journal = await Journal.open(places.journal).catch((cause) => {
      throw new CoinageError("OUTPUT_UNWRITABLE", `${places.journal} cannot be written.`, {
        where: places.folder,
        cause,
      });
    });
    const found = await takeCommands(places);
    // commands to an earlier process are refused
    const start = await lookAtStart(places);
    const isLate = ({ id }: FoundCommand) => journal.seq > 0 && (!start || start.mark.commands.includes(id));
    const [late, early] = [found.filter(isLate), found.filter((one) => !isLate(one))];
    for (const one of late) answerTo(journal, one, "The run had ended.");
    const { queued, ...kept } = record;
    await writeRecord(places, { ...kept, wanted: "run", process: openedHere() });
    journal.append({ kind: "opened", pid: process.pid, host: os.hostname(), version });
    await touch(path.dirname(places.folder));
    await forgetStart(places);
    const session = new RunSession(places, journal);
    for (const one of early) session.#obey(one);
    return session;
  }

  /** Aborted when the run is to stop. */
  get stop(): AbortSignal {
    return this.#stop.signal;
  }

  /** Aborted when the run is not even to finish the current step; `stop` is aborted then, too. */
  get now(): AbortSignal {
    return this.#now.signal;
  }

  /** Takes the commands to carry out between two steps. */
  readonly commands = (): readonly TrainingCommand[] => {
    const commands = this.#waiting;
    this.#waiting = [];
    return commands;
  };

  report(event: TrainingEvent): void {
    if (event.kind === "step") this.#step = event.step;
    this.#journal.append(event);
  }

  /** Ends the session: nothing is written after it. */
  async close(outcome: Outcome, problem?: ProblemData): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.#looking;
    this.#look();
    await this.#looking;
    for (const { answer } of this.commands()) answer("The run has ended.");
    this.#tellMemory();
    this.#journal.append({ kind: "closed", outcome, problem });
    this.#journal.close();
  }

  #look(): void {
    this.#looking = this.#looking.then(async () => {
      for (const found of await takeCommands(this.#places)) this.#obey(found);
    });
  }

  #obey(found: FoundCommand): void {
    const { asked } = found;
    const answer = (problem?: string): void => {
      answerTo(this.#journal, found, problem);
      if (asked.command === "set" && "sampleEvery" in asked && problem === undefined) this.#keepSampling(asked);
    };
    if ("problem" in asked) {
      answer(asked.problem);
    } else if (asked.command === "stop" || asked.command === "stopNow") {
      answer();
      this.#stop.abort();
      if (asked.command === "stopNow") this.#now.abort();
    } else if (asked.command === "cancel") {
      const image = this.#images.get(asked.id);
      image?.abort();
      answer(image ? undefined : "No such image is waiting or being drawn.");
    } else if (asked.command === "sample") {
      const { prompt, seed } = asked;
      this.#journal.append({ kind: "asked", id: found.id, prompt, seed });
      const end = new AbortController();
      this.#images.set(found.id, end);
      const done = (problem?: string) => {
        this.#images.delete(found.id);
        answer(problem);
      };
      this.#waiting.push({ ...asked, signal: end.signal, answer: done });
    } else {
      this.#waiting.push({ ...asked, answer });
    }
  }

  /** Records the setting for when the run is resumed. Failures are ignored: the run matters more. */
  #keepSampling({ sampleEvery }: { readonly sampleEvery: number }): void {
    const keeping = changeRecord(this.#places, (record) => ({ ...record, sampleEvery })).catch(() => {});
    this.#looking = this.#looking.then(async () => void (await keeping));
  }

  /** Asks for the state to be written: only between two steps can it be. */
  #keep(): void {
    if (this.#step === 0 || this.#waiting.some(({ command }) => command === "keepState")) return;
    const answer = (problem?: string): void => {
      if (problem === undefined) this.#journal.append({ kind: "kept", step: this.#step });
    };
    this.#waiting.push({ command: "keepState", answer });
  }

  #tellMemory(): void {
    const rssBytes = process.memoryUsage.rss();
    const peakBytes = Math.max(rssBytes, process.resourceUsage().maxRSS * 1024);
    const freeBytes = process.availableMemory();
    const limit = process.constrainedMemory() ?? 0;
    const totalBytes = limit > 0 && limit < os.totalmem() ? limit : os.totalmem();
    const isShort = freeBytes < 2 * toldShare * totalBytes;
    if (!isShort && Math.abs(rssBytes - this.#toldRss) < toldShare * this.#toldRss) return;
    this.#toldRss = rssBytes;
    this.#journal.append({ kind: "memory", rssBytes, peakBytes, freeBytes, totalBytes });
  }
}

/** Sets the modification time of the folder of runs, by which a list of many runs sees sooner that one has changed. */
async function touch(folder: string): Promise<void> {
  const now = new Date();
  await utimes(folder, now, now).catch(() => {});
}

function answerTo(journal: Journal, { id, asked }: FoundCommand, problem: string | undefined): void {
  const set = "sampleEvery" in asked ? { sampleEvery: asked.sampleEvery } : {};
  journal.append({ kind: "answer", id, command: asked.command, problem, ...set });
}
