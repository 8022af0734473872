import { randomBytes } from "node:crypto";
import os from "node:os";
import { CoinageError } from "../../errors/index.ts";
import { runtimeVersion } from "../../runtime/index.ts";
import type { RunMark, WorkerBoard } from "../board/board.ts";
import { Encoding } from "../images/encode.ts";
import { jobSchema, longest } from "../protocol/job.ts";
import {
  type AnyManifest,
  type EncodingManifest,
  type Manifest,
  manifestSchema,
  type Presence,
  type RunsManifest,
} from "../protocol/manifest.ts";
import type { Seal } from "../protocol/signed.ts";
import { WholeRuns } from "../whole/work.ts";
import { computeJob, resultOf } from "./compute.ts";
import { ImagePart } from "./image-part.ts";
import { whyUnused } from "./numerics.ts";
import { openSession, renewSession, type Session, type SessionOptions } from "./session.ts";
import { WatchedServing } from "./watchdog.ts";

export interface WorkOptions extends Omit<SessionOptions, "report"> {
  readonly board: WorkerBoard;
  readonly seal: Seal;
  /** Major and minor version of this program. */
  readonly coinage: string;
  /** The only run to take part in. */
  readonly run?: string | undefined;
  /** End with the first run. */
  readonly isOnce: boolean;
  /** End after so long without a run; undefined: never. */
  readonly idleMs?: number | undefined;
  readonly signal: AbortSignal;
  /** Tells people what happens. */
  readonly say: (text: string) => void;
}

/** Why a worker has ended. stuck: it gets no jobs though some wait; a new process may. */
export type WorkEnd = "stopped" | "done" | "idle" | "stuck";

/** What a worker does for a run or a sweep. */
interface Part {
  readonly compute: (body: string) => Promise<string>;
  /** Called once it serves: does something besides. */
  readonly besides?: () => ImagePart | undefined;
  /** Called when no more jobs are to be taken, and the one under way need not be finished. */
  readonly leave: () => Promise<void>;
  /** What the others are told of it. */
  readonly presence: Pick<Presence, "device" | "numerics">;
  readonly thing: string;
}

/** How often the worker looks around, in milliseconds. */
const lookMs = 1000;
const beatMs = 2000;

/** Takes part in the runs of a queue until it is told to stop. */
export class Work {
  readonly #options: WorkOptions;
  readonly #id = `${os.hostname().replace(/[^\w.-]/g, "")}-${process.pid}-${randomBytes(2).toString("hex")}`;
  #presence: Presence;
  #session: Session | undefined;
  #mark: RunMark | undefined;
  #said = "";
  #computing: ReturnType<typeof computeJob> | undefined;
  /** Ends with the micro-batch under way. */
  #inHand: Promise<void> | undefined;

  constructor(options: WorkOptions) {
    this.#options = options;
    this.#presence = {
      ...{ id: this.#id, host: os.hostname(), pid: process.pid, device: options.device, coinage: options.coinage },
      ...{ state: "idle", jobs: 0, rate: 0 },
    };
  }

  async run(): Promise<WorkEnd> {
    const { board, signal, isOnce, idleMs } = this.#options;
    const beat = setInterval(() => void this.#tell({}), beatMs);
    let idleSince = performance.now();
    try {
      for (;;) {
        if (signal.aborted) return "stopped";
        const manifest = await this.#choose();
        if (!manifest) {
          if (idleMs !== undefined && performance.now() - idleSince > idleMs) return "idle";
          await this.#wait();
          continue;
        }
        const end = await this.#takePart(manifest);
        if (end === "stuck" || (end === "done" && isOnce)) return end;
        await this.#tell({ state: "idle", run: undefined, incarnation: undefined, why: undefined });
        idleSince = performance.now();
      }
    } finally {
      clearInterval(beat);
      await board.leave(this.#id).catch(() => {});
      await this.#closeSession();
    }
  }

  /** The run under way that has the fewest workers. */
  async #choose(): Promise<AnyManifest | undefined> {
    const { board, run, seal } = this.#options;
    const texts = await board.manifests().catch((error: unknown) => {
      this.#sayOnce(error instanceof CoinageError ? error.message : String(error));
      return [];
    });
    for (const text of texts) {
      const opened = seal.open(text, manifestSchema, longest.manifest);
      if ("problem" in opened) {
        const why = `a run is refused: ${opened.problem}${/signature/.test(opened.problem) ? " (is COINAGE_CLUSTER_SECRET the same on both machines?)" : ""}`;
        this.#sayOnce(why);
        await this.#tell({ state: "refused", why });
        continue;
      }
      const manifest = opened.message;
      if (run !== undefined && manifest.run !== run) continue;
      const why = this.#differenceTo(manifest);
      if (why !== undefined) {
        this.#sayOnce(`run ${manifest.run}: ${why}`);
        await this.#tell({ state: "refused", run: manifest.run, why });
        continue;
      }
      if ((await board.markOf(manifest.run).catch(() => undefined))?.incarnation === manifest.incarnation)
        return manifest;
    }
    return undefined;
  }

  /** Which version differs from the run's. */
  #differenceTo({ coinage, runtime }: AnyManifest): string | undefined {
    const { coinage: own } = this.#options;
    if (coinage !== own) return `it is of coinage ${coinage}, this worker of ${own}`;
    if (runtime !== runtimeVersion()) return `it is of ONNX Runtime ${runtime}, this worker of ${runtimeVersion()}`;
    return undefined;
  }

  /** Loads what a run or sweep needs, and serves it until it is over. */
  async #takePart(manifest: AnyManifest): Promise<"over" | "done" | "stuck"> {
    const { say } = this.#options;
    const { run, incarnation, kind, word, steps, host } = manifest;
    this.#sayOnce(`run ${run} (${word}, ${steps} ${kind}, on ${host})`);
    await this.#tell({ state: "loading", run, incarnation, why: undefined });
    let part: Part | string;
    try {
      part = await this.#partOf(manifest);
    } catch (error) {
      this.#session = undefined;
      if (!(error instanceof CoinageError)) throw error;
      part = error.message;
      if (error.hint !== undefined) say(error.hint);
    }
    if (typeof part !== "string") return this.#serve(manifest, part);
    this.#sayOnce(`not used: ${part}`);
    await this.#tell({ state: "refused", why: part });
    return this.#waitForEnd(manifest);
  }

  #partOf(manifest: AnyManifest): Promise<Part | string> {
    if (manifest.kind === "steps") return this.#stepsOf(manifest);
    return manifest.kind === "runs" ? this.#runsOf(manifest) : this.#encodingOf(manifest);
  }

  /** Encodes images of a run; or why not. */
  async #encodingOf(manifest: EncodingManifest): Promise<Part | string> {
    await this.#closeSession();
    const tell = (doing: Presence["doing"]) => void this.#tell({ doing });
    const encoding = await Encoding.open(manifest, { ...this.#options, id: this.#id, report: this.#options.say, tell });
    if (typeof encoding === "string") return encoding;
    return {
      compute: (body) => encoding.compute(body),
      leave: () => encoding.close(),
      presence: { device: encoding.device, numerics: encoding.numerics.group },
      thing: "jobs",
    };
  }

  /** Computes micro-batches of a run; or why not. */
  async #stepsOf(manifest: Manifest): Promise<Part | string> {
    this.#session = await this.#sessionFor(manifest);
    const { numerics, runtime } = this.#session;
    const why = whyUnused(numerics, manifest.numerics);
    if (why !== undefined) return why;
    return {
      compute: (body) => this.#compute(body),
      besides: () => (manifest.samples ? this.#draw(manifest) : undefined),
      leave: async () => {},
      presence: { device: runtime.device, numerics: numerics.group },
      thing: "micro-batches",
    };
  }

  /** Draws sample images of a run between micro-batches. */
  #draw(manifest: Manifest): ImagePart {
    const { board, say } = this.#options;
    const options = {
      ...{ ...this.#options, id: this.#id, report: say },
      tell: (doing: Presence["doing"]) => void this.#tell({ doing }),
      untilFree: async () => {
        while (this.#inHand) await this.#inHand;
      },
    };
    return new ImagePart(board, manifest, options, () => this.#tell({ draws: true }));
  }

  /** Trains runs of a sweep; or why not. */
  async #runsOf(manifest: RunsManifest): Promise<Part | string> {
    await this.#closeSession();
    const { blobs, seal, say, device, threads = manifest.threads } = this.#options;
    const runs = await WholeRuns.open({
      ...{ manifest, blobs, seal, say, id: this.#id, machine: { device, threads } },
      tell: (doing) => void this.#tell({ doing }),
    });
    if (manifest.numerics !== undefined && manifest.numerics !== runs.numerics) {
      await runs.close();
      return "it computes other bits than the coordinator; --cluster_numerics any uses it";
    }
    return {
      compute: async (body) => {
        const answer = await runs.compute(body);
        this.#presence = { ...this.#presence, jobs: this.#presence.jobs + 1 };
        return answer;
      },
      leave: () => runs.close(),
      presence: { device: runs.device, ...(manifest.numerics !== undefined && { numerics: "same" }) },
      thing: "runs",
    };
  }

  async #sessionFor(manifest: Manifest): Promise<Session> {
    const options = { ...this.#options, report: this.#options.say };
    const renewed = this.#session && (await renewSession(this.#session, manifest, options));
    if (renewed) return renewed;
    await this.#closeSession();
    return openSession(manifest, options);
  }

  async #serve(manifest: AnyManifest, part: Part): Promise<"over" | "done" | "stuck"> {
    const { board, signal, say } = this.#options;
    const { run, incarnation } = manifest;
    const { compute, leave, presence, thing } = part;
    this.#mark = await board.markOf(run).catch(() => undefined);
    const serving = await WatchedServing.open(board, { run, incarnation }, this.#id, compute);
    say("ready");
    await this.#tell({ state: "ready", numerics: undefined, ...presence });
    const besides = part.besides?.();
    try {
      while (!signal.aborted) {
        await this.#wait();
        if (!(await this.#isUnderWay(manifest))) {
          const end = await this.#waitForEnd(manifest);
          if (end === "done") say(`run ${run} is over after ${this.#presence.jobs} ${thing} here`);
          return end;
        }
        if (this.#mark?.out.includes(this.#id)) {
          await this.#tell({ state: "refused", why: "its results were refused several times" });
          say("its results were refused several times; it is not used any more");
          await serving.close(true);
          return this.#waitForEnd(manifest);
        }
        const looks = [await serving.look(say), await besides?.look(say)];
        if (looks.includes("stuck")) return "stuck";
      }
      return "done";
    } finally {
      // at the same time: what is given up must not be followed by the next one
      await Promise.all([serving.close(), leave(), besides?.close()]);
      await this.#tell({ draws: undefined });
    }
  }

  /** Waits until the run ends (done), or is taken up again (over). */
  async #waitForEnd(manifest: AnyManifest): Promise<"over" | "done"> {
    const { signal } = this.#options;
    while (!signal.aborted && (await this.#isUnderWay(manifest))) await this.#wait();
    return signal.aborted || (await this.#isGone(manifest.run)) ? "done" : "over";
  }

  /** Whether the run goes on in the same incarnation; while the queue is out of reach it counts as going on. */
  async #isUnderWay({ run, incarnation }: AnyManifest): Promise<boolean> {
    try {
      const mark = await this.#options.board.markOf(run);
      this.#mark = mark ?? this.#mark;
      // a server that was emptied gets it back from the coordinator within a second; a coordinator that was killed is waited for
      return mark === undefined ? !(await this.#isGone(run)) : mark.incarnation === incarnation;
    } catch (error) {
      this.#sayOnce(error instanceof CoinageError ? error.message : String(error));
      return true;
    }
  }

  /** Whether a run was taken down, and stays so. */
  async #isGone(run: string): Promise<boolean> {
    for (let look = 0; look < 3; look++) {
      const texts = await this.#options.board.manifests().catch(() => undefined);
      if (!texts || texts.some((text) => text.includes(`"run":"${run}"`))) return false;
      await this.#wait();
      if (this.#options.signal.aborted) return true;
    }
    return true;
  }

  async #closeSession(): Promise<void> {
    // a device cannot be closed while it computes
    await this.#computing?.catch(() => {});
    await this.#session?.runtime.close();
    this.#session = undefined;
  }

  /** Answers a job; one that is no longer wanted gets an empty answer. */
  async #compute(body: string): Promise<string> {
    const { seal } = this.#options;
    const { manifest, context, fetch, numerics } = this.#session!;
    const opened = seal.open(body, jobSchema, longest.job);
    if ("problem" in opened) throw new Error(`a job is refused: ${opened.problem}`);
    const job = opened.message;
    // as it was within the last second: asking for every job costs more than one that is computed in vain
    const isWanted = this.#mark === undefined || this.#mark.step <= job.step;
    if (job.run !== manifest.run || job.incarnation !== manifest.incarnation || !isWanted) return "";
    const start = performance.now();
    this.#computing = computeJob(job, context, fetch);
    this.#inHand = this.#computing.then(
      () => {},
      () => {},
    );
    const outcome = await this.#computing.finally(() => {
      this.#inHand = undefined;
    });
    const seconds = (performance.now() - start) / 1000;
    const { jobs, rate } = this.#presence;
    this.#presence = { ...this.#presence, jobs: jobs + 1, rate: jobs === 0 ? 1 / seconds : 0.8 * rate + 0.2 / seconds };
    return seal.sign(resultOf(job, outcome, numerics.digest, this.#id));
  }

  /** Tells the others how things stand here; while the queue is out of reach nobody asks. */
  async #tell(changes: { [Key in keyof Presence]?: Presence[Key] | undefined }): Promise<void> {
    this.#presence = { ...this.#presence, ...changes } as Presence;
    await this.#options.board.tell(this.#presence).catch(() => {});
  }

  #sayOnce(text: string): void {
    if (text === this.#said) return;
    this.#said = text;
    this.#options.say(text);
  }

  #wait(): Promise<void> {
    const { signal } = this.#options;
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, lookMs);
      signal.addEventListener("abort", done);
      if (signal.aborted) done();
    });
  }
}
