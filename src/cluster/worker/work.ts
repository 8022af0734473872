import { randomBytes } from "node:crypto";
import os from "node:os";
import { CoinageError } from "../../errors/index.ts";
import type { RunMark, WorkerBoard } from "../board/board.ts";
import { Encoding } from "../images/encode.ts";
import { jobSchema, longest } from "../protocol/job.ts";
import type { AnyManifest, EncodingManifest, Manifest, Presence, RunsManifest } from "../protocol/manifest.ts";
import type { Seal } from "../protocol/signed.ts";
import { WholeRuns } from "../whole/work.ts";
import { Choice } from "./choice.ts";
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
  /** End with the first run that it takes part in. */
  readonly isOnce: boolean;
  /** End after so long without a run that it takes part in; undefined: never. */
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
/** What could not be fetched is tried again after so long, in milliseconds. */
const againMs = 60_000;

/** Takes part in the runs of a queue until it is told to stop. */
export class Work {
  readonly #options: WorkOptions;
  readonly #id = `${os.hostname().replace(/[^\w.-]/g, "")}-${process.pid}-${randomBytes(2).toString("hex")}`;
  #presence: Presence;
  #session: Session | undefined;
  #mark: RunMark | undefined;
  #said = "";
  readonly #choice: Choice;
  #computing: ReturnType<typeof computeJob> | undefined;
  /** Ends with the micro-batch under way. */
  #inHand: Promise<void> | undefined;

  constructor(options: WorkOptions) {
    this.#options = options;
    this.#presence = {
      ...{ id: this.#id, host: os.hostname(), pid: process.pid, device: options.device, coinage: options.coinage },
      ...{ state: "idle", jobs: 0, rate: 0 },
    };
    const say = (text: string) => this.#sayOnce(text);
    this.#choice = new Choice({ ...options, id: this.#id, say, tell: (changes) => this.#tell(changes) });
  }

  async run(): Promise<WorkEnd> {
    const { board, signal, isOnce, idleMs } = this.#options;
    const beat = setInterval(() => void this.#tell({}), beatMs);
    let idleSince = performance.now();
    try {
      for (;;) {
        if (signal.aborted) return "stopped";
        const manifest = await this.#choice.next();
        if (!manifest) {
          if (idleMs !== undefined && performance.now() - idleSince > idleMs) return "idle";
          await this.#wait();
          continue;
        }
        const end = await this.#takePart(manifest);
        if (end === "stuck" || (end === "done" && isOnce)) return end;
        if (end === "refused") continue;
        await this.#tell({ state: "idle", run: undefined, incarnation: undefined, why: undefined });
        idleSince = performance.now();
      }
    } finally {
      clearInterval(beat);
      await board.leave(this.#id).catch(() => {});
      await this.#closeSession();
    }
  }

  /** Loads what a run or sweep needs, and serves it until it is over. */
  async #takePart(manifest: AnyManifest): Promise<"over" | "done" | "refused" | "stuck"> {
    const { say, signal } = this.#options;
    const { run, incarnation, kind, word, steps, host } = manifest;
    this.#sayOnce(`run ${run} (${word}, ${steps} ${kind}, on ${host})`);
    await this.#tell({ state: "loading", run, incarnation, why: undefined });
    let part: Part | string;
    let forMs: number | undefined;
    try {
      part = await this.#partOf(manifest);
    } catch (error) {
      this.#session = undefined;
      if (signal.aborted) return "done";
      if (!(error instanceof CoinageError)) throw error;
      part = error.message;
      if (error.code === "CLUSTER_WEIGHTS") forMs = againMs;
      if (error.hint !== undefined) say(error.hint);
    }
    if (signal.aborted && typeof part !== "string") await part.leave();
    if (signal.aborted) return "done";
    if (typeof part !== "string") return this.#serve(manifest, part);
    this.#sayOnce(`not used: ${part}`);
    return this.#refuse(manifest, part, forMs);
  }

  /** Takes no part in a run, and tells why. */
  async #refuse(manifest: AnyManifest, why: string, forMs?: number): Promise<"refused"> {
    this.#choice.refuse(manifest, why, forMs);
    await this.#tell({ state: "refused", why });
    // the coordinator looks once a second
    for (let look = 0; look < 3; look++) await this.#wait();
    return "refused";
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

  async #serve(manifest: AnyManifest, part: Part): Promise<"over" | "done" | "refused" | "stuck"> {
    const { board, signal, say } = this.#options;
    const { run, incarnation } = manifest;
    const { compute, leave, presence, thing } = part;
    this.#mark = await board.markOf(run).catch(() => undefined);
    const jobsEach = () => this.#mark?.jobsEach ?? 1;
    const serving = await WatchedServing.open(board, { run, incarnation }, this.#id, compute, jobsEach);
    say("ready");
    await this.#tell({ state: "ready", numerics: undefined, ...presence });
    const besides = part.besides?.();
    try {
      while (!signal.aborted) {
        await this.#wait();
        if (signal.aborted) break;
        if (!(await this.#isUnderWay(manifest))) {
          const end = await this.#waitForEnd(manifest);
          if (end === "done") say(`run ${run} is over after ${this.#presence.jobs} ${thing} here`);
          return end;
        }
        if (this.#mark?.out.includes(this.#id)) {
          say("its results were refused several times; it is not used any more");
          await serving.close(true);
          const refused = await this.#refuse(manifest, "its results were refused several times");
          // it took part in it
          return this.#options.isOnce ? "done" : refused;
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
    this.#options.blobs.release();
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
