import { randomBytes } from "node:crypto";
import os from "node:os";
import { CoinageError } from "../../errors/index.ts";
import type { RunHeartbeat, WorkerBoard } from "../board/board.ts";
import { Encoding } from "../images/encode.ts";
import { jobSchema, longest } from "../protocol/job.ts";
import type { AnyManifest, EncodingManifest, Manifest, Presence, RunsManifest } from "../protocol/manifest.ts";
import type { Seal } from "../protocol/signed.ts";
import { SweepTraining } from "../whole/sweep-training.ts";
import { BackgroundDrawing } from "./background-drawing.ts";
import { RunChoice } from "./choice.ts";
import { computeJob, resultOf } from "./compute.ts";
import { whyUnused } from "./numerics.ts";
import { openSession, renewSession, type Session, type SessionOptions } from "./session.ts";
import { WatchedConsumer } from "./watchdog.ts";

export interface WorkerOptions extends SessionOptions {
  readonly board: WorkerBoard;
  readonly seal: Seal;
  /** Major and minor version of this program. */
  readonly coinage: string;
  /** The only run to work for. */
  readonly run?: string | undefined;
  /** Ends with the first run that it works for. */
  readonly isOnce: boolean;
  /** Ends after so long without a run that it works for, in milliseconds; undefined: never. */
  readonly idleMs?: number | undefined;
  readonly signal: AbortSignal;
}

/** Why a worker has ended. stuck: it gets no jobs though some are waiting, which a new process may mend. */
export type WorkerEnd = "stopped" | "done" | "idle" | "stuck";

/** What a worker does for a run or a sweep: train steps, train whole runs, or encode images. */
interface Role {
  readonly compute: (body: string) => Promise<string>;
  /** Called once it takes jobs. Undefined, or its result, where the run has no sample images. */
  readonly startDrawing?: () => BackgroundDrawing | undefined;
  /** Cancels the job under way, where it can be, and frees what was opened. */
  readonly leave: () => Promise<void>;
  readonly presence: Pick<Presence, "device" | "numerics">;
  readonly jobName: string;
}

/** Interval at which the worker polls the queue, in milliseconds. */
const pollMs = 1000;
/** Interval of its heartbeat, in milliseconds. */
const presenceMs = 2000;
/** Pause before fetching weights is retried, in milliseconds. */
const retryMs = 60_000;

/** `coinage worker`: works for the runs of a queue, one after another, until it is aborted. */
export class QueueWorker {
  readonly #options: WorkerOptions;
  readonly #id = `${os.hostname().replace(/[^\w.-]/g, "")}-${process.pid}-${randomBytes(2).toString("hex")}`;
  #presence: Presence;
  #session: Session | undefined;
  /** Whether the queue could not be reached at the last poll of a run. */
  #isCutOff = false;
  #heartbeat: RunHeartbeat | undefined;
  #lastSaid = "";
  readonly #choice: RunChoice;
  #computing: ReturnType<typeof computeJob> | undefined;
  /** Settles with the micro-batch under way. */
  #microBatch: Promise<void> | undefined;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#presence = {
      ...{ id: this.#id, host: os.hostname(), pid: process.pid, device: options.device, coinage: options.coinage },
      ...{ state: "idle", jobs: 0, rate: 0 },
    };
    const say = (text: string) => this.#sayOnce(text);
    this.#choice = new RunChoice({
      ...options,
      id: this.#id,
      say,
      updatePresence: (changes) => this.#updatePresence(changes),
    });
  }

  async run(): Promise<WorkerEnd> {
    const { board, signal, isOnce, idleMs } = this.#options;
    const beat = setInterval(() => void this.#updatePresence({}), presenceMs);
    let idleSince = performance.now();
    try {
      for (;;) {
        if (signal.aborted) return "stopped";
        const manifest = await this.#choice.next();
        if (!manifest) {
          if (idleMs !== undefined && performance.now() - idleSince > idleMs) return "idle";
          await this.#waitForPoll();
          continue;
        }
        const end = await this.#workOn(manifest);
        if (end === "stuck" || (end === "done" && isOnce)) return end;
        if (end === "refused") continue;
        await this.#updatePresence({ state: "idle", run: undefined, incarnation: undefined, why: undefined });
        idleSince = performance.now();
      }
    } finally {
      clearInterval(beat);
      await board.removePresence(this.#id).catch(() => {});
      await this.#closeSession();
    }
  }

  /** Loads what a run or sweep needs, and takes its jobs until it ends. done: the run is over, or the worker aborted; over: the run was resumed in a new
   *  incarnation. */
  async #workOn(manifest: AnyManifest): Promise<"over" | "done" | "refused" | "stuck"> {
    const { say, signal } = this.#options;
    const { run, incarnation, kind, word, steps, host } = manifest;
    this.#sayOnce(`run ${run} (${word}, ${steps} ${kind}, on ${host})`);
    await this.#updatePresence({ state: "loading", run, incarnation, why: undefined });
    let role: Role | string;
    let forMs: number | undefined;
    let hint: string | undefined;
    try {
      role = await this.#roleFor(manifest);
    } catch (error) {
      this.#session = undefined;
      if (signal.aborted) return "done";
      if (!(error instanceof CoinageError)) throw error;
      role = error.message;
      hint = error.hint;
      if (error.code === "CLUSTER_WEIGHTS") forMs = retryMs;
    }
    if (signal.aborted && typeof role !== "string") await role.leave();
    if (signal.aborted) return "done";
    if (typeof role !== "string") return this.#serve(manifest, role);
    this.#sayOnce(`not used: ${role}`);
    if (hint !== undefined) say(hint);
    return this.#refuse(manifest, role, forMs);
  }

  /** Refuses a run, and publishes why. */
  async #refuse(manifest: AnyManifest, why: string, forMs?: number): Promise<"refused"> {
    this.#choice.refuse(manifest, why, forMs);
    await this.#updatePresence({ state: "refused", why });
    // the coordinator reads presences once a second
    for (let poll = 0; poll < 3; poll++) await this.#waitForPoll();
    return "refused";
  }

  #roleFor(manifest: AnyManifest): Promise<Role | string> {
    if (manifest.kind === "steps") return this.#trainingRole(manifest);
    return manifest.kind === "runs" ? this.#sweepRole(manifest) : this.#encodingRole(manifest);
  }

  /** Encodes images of a run; a string says why not. */
  async #encodingRole(manifest: EncodingManifest): Promise<Role | string> {
    await this.#closeSession();
    const setDoing = (doing: Presence["doing"]) => void this.#updatePresence({ doing });
    const encoding = await Encoding.open(manifest, { ...this.#options, id: this.#id, setDoing });
    if (typeof encoding === "string") return encoding;
    return {
      compute: (body) => encoding.compute(body),
      leave: () => encoding.close(),
      presence: { device: encoding.device, numerics: encoding.numerics.group },
      jobName: "jobs",
    };
  }

  /** Computes micro-batches of a run, and draws its sample images; a string says why not. */
  async #trainingRole(manifest: Manifest): Promise<Role | string> {
    this.#session = await this.#sessionFor(manifest);
    const { numerics, runtime } = this.#session;
    const why = whyUnused(numerics, manifest.numerics);
    if (why !== undefined) return why;
    return {
      compute: (body) => this.#compute(body),
      startDrawing: () => (manifest.samples ? this.#openDrawing(manifest) : undefined),
      leave: async () => {},
      presence: { device: runtime.device, numerics: numerics.group },
      jobName: "micro-batches",
    };
  }

  /** Draws sample images of a run. Between their steps it waits for the micro-batch under way. */
  #openDrawing(manifest: Manifest): BackgroundDrawing {
    const options = {
      ...{ ...this.#options, id: this.#id },
      setDoing: (doing: Presence["doing"]) => void this.#updatePresence({ doing }),
      untilFree: async () => {
        while (this.#microBatch) await this.#microBatch;
      },
    };
    return new BackgroundDrawing(this.#options.board, manifest, options, () => this.#updatePresence({ draws: true }));
  }

  /** Trains whole runs of a sweep; a string says why not. */
  async #sweepRole(manifest: RunsManifest): Promise<Role | string> {
    await this.#closeSession();
    const { blobs, seal, say, device, threads = manifest.threads } = this.#options;
    const runs = await SweepTraining.open({
      ...{ manifest, blobs, seal, say, id: this.#id, machine: { device, threads } },
      setDoing: (doing) => void this.#updatePresence({ doing }),
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
      jobName: "runs",
    };
  }

  async #sessionFor(manifest: Manifest): Promise<Session> {
    const renewed = this.#session && (await renewSession(this.#session, manifest, this.#options));
    if (renewed) return renewed;
    await this.#closeSession();
    return openSession(manifest, this.#options);
  }

  async #serve(manifest: AnyManifest, role: Role): Promise<"over" | "done" | "refused" | "stuck"> {
    const { board, signal, say } = this.#options;
    const { run, incarnation } = manifest;
    const { compute, leave, presence, jobName } = role;
    this.#heartbeat = await board.heartbeatOf(run).catch(() => undefined);
    const jobsEach = () => this.#heartbeat?.jobsEach ?? 1;
    const consumer = await WatchedConsumer.open(board, { run, incarnation }, this.#id, compute, jobsEach);
    say("ready");
    await this.#updatePresence({ state: "ready", numerics: undefined, ...presence });
    const drawing = role.startDrawing?.();
    try {
      while (!signal.aborted) {
        await this.#waitForPoll();
        if (signal.aborted) break;
        const state = await this.#stateOf(manifest);
        if (signal.aborted) break;
        if (state === "done") say(`run ${run} is over after ${this.#presence.jobs} ${jobName} here`);
        if (state !== "running") return state;
        if (this.#heartbeat?.excluded.includes(this.#id)) {
          say("not used any more: several of its results were refused");
          await consumer.close(true);
          const refused = await this.#refuse(manifest, "several of its results were refused");
          // with --once it ends: it has worked for this run
          return this.#options.isOnce ? "done" : refused;
        }
        const checks = [await consumer.check(say), await drawing?.check(say)];
        if (checks.includes("stuck")) return "stuck";
      }
      return "done";
    } finally {
      // at the same time, so that no other job is taken once the one under way is cancelled
      await Promise.all([consumer.close(), leave(), drawing?.close()]);
      await this.#updatePresence({ draws: undefined });
    }
  }

  /** Whether the run goes on in the same incarnation, was resumed in a new one (over), or has ended (done); while the queue cannot be reached, the first is assumed. */
  async #stateOf({ run, incarnation }: AnyManifest): Promise<"running" | "over" | "done"> {
    try {
      const heartbeat = await this.#options.board.heartbeatOf(run);
      if (this.#isCutOff) this.#sayOnce("the queue is back");
      this.#isCutOff = false;
      this.#heartbeat = heartbeat ?? this.#heartbeat;
      if (heartbeat) return heartbeat.incarnation === incarnation ? "running" : "over";
      // no heartbeat: the server was emptied, and the coordinator publishes the run again within a second; or the coordinator was killed, and may be resumed
      return (await this.#isRemoved(run)) ? "done" : "running";
    } catch (error) {
      this.#isCutOff = true;
      this.#sayOnce(error instanceof CoinageError ? error.message : String(error));
      return "running";
    }
  }

  /** Whether a run has ended: its manifest is removed, and stays so for three polls. */
  async #isRemoved(run: string): Promise<boolean> {
    for (let poll = 0; poll < 3; poll++) {
      const texts = await this.#options.board.manifests().catch(() => undefined);
      if (!texts || texts.some((text) => text.includes(`"run":"${run}"`))) return false;
      await this.#waitForPoll();
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

  /** Computes a job, and gives its signed result; an empty text for a stale one. */
  async #compute(body: string): Promise<string> {
    const { seal } = this.#options;
    const { manifest, context, fetch, numerics } = this.#session!;
    const opened = seal.open(body, jobSchema, longest.job);
    if ("problem" in opened) throw new Error(`a job is refused: ${opened.problem}`);
    const job = opened.message;
    // by the last poll: asking before each job costs more than computing a stale one now and then
    const isStale = this.#heartbeat !== undefined && this.#heartbeat.step > job.step;
    if (job.run !== manifest.run || job.incarnation !== manifest.incarnation || isStale) return "";
    const start = performance.now();
    this.#computing = computeJob(job, context, fetch);
    this.#microBatch = this.#computing.then(
      () => {},
      () => {},
    );
    const outcome = await this.#computing.finally(() => {
      this.#microBatch = undefined;
    });
    const seconds = (performance.now() - start) / 1000;
    const { jobs, rate } = this.#presence;
    this.#presence = { ...this.#presence, jobs: jobs + 1, rate: jobs === 0 ? 1 / seconds : 0.8 * rate + 0.2 / seconds };
    return seal.sign(resultOf(job, outcome, numerics.digest, this.#id));
  }

  /** Changes this worker's presence, and publishes it. A failure is ignored: the next heartbeat publishes it again. */
  async #updatePresence(changes: { [Key in keyof Presence]?: Presence[Key] | undefined }): Promise<void> {
    this.#presence = { ...this.#presence, ...changes } as Presence;
    await this.#options.board.publishPresence(this.#presence).catch(() => {});
  }

  #sayOnce(text: string): void {
    if (text === this.#lastSaid) return;
    this.#lastSaid = text;
    this.#options.say(text);
  }

  #waitForPoll(): Promise<void> {
    const { signal } = this.#options;
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, pollMs);
      signal.addEventListener("abort", done);
      if (signal.aborted) done();
    });
  }
}
