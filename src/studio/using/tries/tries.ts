import { setTimeout as pause } from "node:timers/promises";
import { CoinageError, machineProblem } from "../../../errors/index.ts";
import { isUnderWay, type RunPlaces, type RunRow } from "../../../runs/index.ts";
import { Child } from "../../child.ts";
import { type Problem, problemOf } from "../../http/problems.ts";
import type { RunListing } from "../../runs/listing.ts";
import type { Cell } from "./cells.ts";
import type { DrawAnswer, DrawNews, DrawRequest } from "./draw.ts";
import { keepFacts, makeTriesFolder, readKept } from "./kept.ts";
import { type ForGenerator, isForGenerator, keyOf, rowOf, rowOfKept, type Try, type Wanted } from "./rows.ts";
import { drawnByTrainer } from "./trainer.ts";
import { writeWaiting } from "./waiting.ts";

/** How often to check whether the device is free, in milliseconds. */
const lookMs = 1000;

/** Longest silence while an image is drawn, in milliseconds: one step of a large image on a CPU takes minutes. */
const patienceMs = 15 * 60_000;

/** Most failures remembered. */
const mostFailed = 500;

type Changed = (one: Try) => void;

interface TriesOptions {
  readonly listing: RunListing;
  /** Stores the waiting images for the next studio. */
  readonly file: string;
  /** Aborted when the studio ends. */
  readonly end: AbortSignal;
  /** Called with bugs. */
  readonly report: (error: unknown) => void;
}

/** Draws the images that people try, one after another, in a process that keeps the last model loaded for a while. So that two models are never in memory at once,
 *  a run in progress ends that process, and waiting images are drawn after the run. */
export class Tries {
  readonly #listing: RunListing;
  readonly #file: string;
  readonly #end: AbortSignal;
  readonly #report: (error: unknown) => void;
  readonly #generator = new Child<DrawRequest>({ beside: import.meta.url, script: "process", patienceMs, failed });
  readonly #wanted = new Map<string, Wanted>();
  readonly #listeners = new Set<Changed>();
  #isWorking = false;
  /** Why the device is not free, besides runs. */
  #held: string | undefined;
  #otherWork: Promise<unknown> = Promise.resolve();
  #saving: Promise<unknown> = Promise.resolve();
  /** The image being drawn goes back to waiting. */
  #isInterrupted = false;

  constructor({ listing, file, end, report }: TriesOptions) {
    this.#listing = listing;
    this.#file = file;
    this.#end = end;
    this.#report = report;
    end.addEventListener("abort", () => this.#interrupt(), { once: true });
  }

  /** Queues the images that are not drawn yet, and returns all as they are now. */
  async add(run: string, places: RunPlaces, cells: readonly Cell[]): Promise<readonly Try[]> {
    const busy = await this.#busyWith();
    const before = new Set(this.#wanted.keys());
    let kept = await readKept(places);
    // some may have been finished meanwhile
    if (cells.some((cell) => before.has(keyOf(run, cell)) && !this.#wanted.has(keyOf(run, cell))))
      kept = await readKept(places);
    const tries: Try[] = [];
    for (const cell of cells) {
      const { checkpoint, facts } = cell;
      const done = kept.get(facts.id);
      if (done) {
        const checkpoints = [...new Set([...done.checkpoints, checkpoint])];
        if (checkpoints.length > done.checkpoints.length) await keepFacts(places, { ...done, checkpoints });
        tries.push(rowOfKept(run, done, checkpoint));
      } else tries.push(rowOf(this.#want(run, places, cell, busy), checkpoint));
    }
    this.#save();
    this.#work();
    return tries;
  }

  /** Cancels unfinished images of a run: those with the ids, or all. */
  cancel(run: string, ids?: readonly string[]): void {
    for (const [key, one] of this.#wanted) {
      const isMeant = one.run === run && (ids?.includes(one.cell.facts.id) ?? true);
      if (!isMeant || one.state === "failed") continue;
      this.#wanted.delete(key);
      one.giveUp.abort();
      if (one.state === "drawing" && isForGenerator(one)) this.#interrupt();
      for (const name of one.checkpoints) this.#tell({ ...rowOf(one, name), state: "cancelled" });
    }
    this.#save();
  }

  #want(run: string, places: RunPlaces, cell: Cell, reason: string | undefined): Wanted {
    const key = keyOf(run, cell);
    const before = this.#wanted.get(key);
    if (before && before.state !== "failed") {
      before.checkpoints.add(cell.checkpoint);
      return before;
    }
    this.#wanted.delete(key);
    const [checkpoints, giveUp] = [new Set([cell.checkpoint]), new AbortController()];
    const wanted: Wanted = { run, places, cell, checkpoints, giveUp, state: "waiting", reason };
    this.#wanted.set(key, wanted);
    if (cell.by === "trainer") this.#askTrainer(wanted, cell);
    return wanted;
  }

  /** All images of a run, drawn and wanted. */
  async list(run: string, places: RunPlaces): Promise<readonly Try[]> {
    // read first: images finished meanwhile are then among the drawn ones
    const before = [...this.#wanted.values()].filter((one) => one.run === run);
    const kept = await readKept(places);
    const wanted = before.filter(({ cell }) => !kept.has(cell.facts.id));
    return [
      ...[...kept.values()].flatMap((one) => one.checkpoints.map((name) => rowOfKept(run, one, name))),
      ...wanted.flatMap((one) => [...one.checkpoints].map((name) => rowOf(one, name))),
    ];
  }

  /** Changes of the images of some runs from now on, the latest of each image, until the signal is aborted. */
  changes(runs: readonly string[], signal: AbortSignal): AsyncGenerator<Try, void> {
    const news = new Map<string, Try>();
    let wake = (): void => {};
    const listener: Changed = (one) => {
      if (!runs.includes(one.run)) return;
      news.set(`${one.run} ${one.id} ${one.checkpoint}`, one);
      wake();
    };
    this.#listeners.add(listener);
    const leave = () => {
      this.#listeners.delete(listener);
      wake();
    };
    signal.addEventListener("abort", leave, { once: true });
    return (async function* () {
      while (!signal.aborted) {
        const [next] = news;
        if (next) {
          news.delete(next[0]);
          yield next[1];
        } else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    })();
  }

  /** Does other work on the device, with the model freed; one after another. reason: shown with images that wait meanwhile.
   *  @throws RUN_BUSY while a run is in progress */
  withoutModel<Result>(reason: string, work: () => Promise<Result>): Promise<Result> {
    const result = this.#otherWork.then(async () => {
      const run = await this.#runUnderWay();
      if (run)
        throw new CoinageError("RUN_BUSY", `The run ${run.name} is under way, and its model takes the memory.`, {
          hint: "Wait for its end, or stop it.",
        });
      this.#held = reason;
      this.#interrupt();
      try {
        return await work();
      } finally {
        this.#held = undefined;
        this.#work();
      }
    });
    this.#otherWork = result.catch(() => {});
    return result;
  }

  /** Frees the model; the current image is drawn again later. */
  #interrupt(): void {
    this.#isInterrupted = true;
    this.#generator.kill();
  }

  /** Draws the wanted images, and watches the device while a model is loaded. */
  async #work(): Promise<void> {
    if (this.#isWorking) return;
    this.#isWorking = true;
    try {
      while (!this.#end.aborted) {
        const [next] = this.#waiting();
        if (!next && !this.#generator.isAlive) return;
        const busy = await this.#busyWith();
        if (busy !== undefined) {
          this.#interrupt();
          for (const one of this.#waiting()) this.#change(one, { reason: busy });
        }
        if (next && busy === undefined) await this.#draw(next);
        else await pause(lookMs, undefined, { ref: false, signal: this.#end }).catch(() => {});
      }
    } catch (error) {
      this.#report(error);
    } finally {
      this.#isWorking = false;
    }
  }

  #waiting(): readonly ForGenerator[] {
    return [...this.#wanted.values()].filter(({ state }) => state === "waiting").filter(isForGenerator);
  }

  /** Why nothing can be drawn now. */
  async #busyWith(): Promise<string | undefined> {
    if (this.#held !== undefined) return this.#held;
    const run = await this.#runUnderWay();
    return run && `The run ${run.name} is under way, and its model takes the memory: this is drawn when it has ended.`;
  }

  async #runUnderWay(): Promise<RunRow | undefined> {
    return (await this.#listing.watched()).find(({ state }) => state !== undefined && isUnderWay(state));
  }

  async #draw(wanted: ForGenerator): Promise<void> {
    const { places, cell } = wanted;
    // cancelled while the device was checked
    if (wanted.giveUp.signal.aborted) return;
    this.#isInterrupted = false;
    this.#change(wanted, { state: "drawing", reason: undefined, drawnSteps: 0 });
    const watching = setInterval(async () => {
      if ((await this.#busyWith().catch(() => undefined)) !== undefined) this.#interrupt();
    }, lookMs).unref();
    try {
      await makeTriesFolder(places);
      // by then there was no process to end
      if (this.#isInterrupted) throw new Error("interrupted before it was drawn");
      const began = performance.now();
      const { problem } = await this.#generator.ask<DrawAnswer, DrawNews>(cell.draw, ({ step }) =>
        this.#change(wanted, { drawnSteps: step }),
      );
      if (problem) this.#fail(wanted, problem);
      else {
        const seconds = (performance.now() - began) / 1000;
        await keepFacts(places, { ...cell.facts, checkpoints: [...wanted.checkpoints], atMs: Date.now(), seconds });
        this.#finish(wanted);
      }
    } catch (error) {
      if (wanted.giveUp.signal.aborted) return;
      if (this.#isInterrupted) this.#change(wanted, { state: "waiting", drawnSteps: undefined });
      else this.#fail(wanted, this.#problemIn(error));
    } finally {
      clearInterval(watching);
    }
  }

  #askTrainer(wanted: Wanted, cell: Extract<Cell, { readonly by: "trainer" }>): void {
    this.#change(wanted, { reason: "The run draws it between two of its steps." });
    const giveUp = wanted.giveUp.signal;
    const onDrawing = () => {
      if (!giveUp.aborted) this.#change(wanted, { state: "drawing", reason: undefined });
    };
    drawnByTrainer(wanted.places, cell, { end: this.#end, giveUp, onDrawing }).then(
      () => this.#finish(wanted),
      (error) => {
        if (!giveUp.aborted) this.#fail(wanted, this.#problemIn(error));
      },
    );
  }

  async #finish(wanted: Wanted): Promise<void> {
    this.#wanted.delete(keyOf(wanted.run, wanted.cell));
    this.#save();
    const done = (await readKept(wanted.places)).get(wanted.cell.facts.id);
    if (done) for (const name of done.checkpoints) this.#tell(rowOfKept(wanted.run, done, name));
  }

  #fail(wanted: Wanted, problem: Problem): void {
    this.#change(wanted, { state: "failed", problem, reason: undefined, drawnSteps: undefined });
    const all = [...this.#wanted].filter(([, { state }]) => state === "failed");
    for (const [key] of all.slice(0, -mostFailed)) this.#wanted.delete(key);
    this.#save();
  }

  /** Stores the waiting images; if that fails they are lost when the studio ends. */
  #save(): void {
    const write = () => {
      const unfinished = [...this.#wanted.values()].filter(({ state }) => state !== "failed");
      return writeWaiting(this.#file, unfinished.filter(isForGenerator));
    };
    this.#saving = this.#saving.then(write).catch(() => {});
  }

  #problemIn(error: unknown): Problem {
    const known = error instanceof CoinageError ? error : machineProblem(error);
    if (known) return problemOf(known);
    this.#report(error);
    return {
      code: "INTERNAL",
      message: "The studio made a mistake. What it was stands in the terminal in which it was started.",
    };
  }

  #change(wanted: Wanted, to: Partial<Pick<Wanted, "state" | "reason" | "drawnSteps" | "problem">>): void {
    const isNew = Object.entries(to).some(([key, value]) => wanted[key as keyof typeof to] !== value);
    Object.assign(wanted, to);
    if (isNew) for (const name of wanted.checkpoints) this.#tell(rowOf(wanted, name));
  }

  #tell(one: Try): void {
    for (const listener of this.#listeners) listener(one);
  }
}

function failed(reason: string, errors: string): CoinageError {
  const last = errors.trim().split("\n").at(-1);
  return new CoinageError("TRY_FAILED", `The process that draws images ended before this one was done: ${reason}.`, {
    ...(last && { where: last }),
    hint: "Ask for it again. If it happens each time, the model may be too large for the memory of this machine: try a smaller size.",
  });
}
