import {
  type ClusterEvent,
  joinedParts,
  type MicroBatchRunner,
  type MicroStepResult,
  type MicroStepSamples,
  type RunnerOutput,
  type StepInputs,
} from "../../training/index.ts";
import type { BoardEvent, Consumer, RunHeartbeat } from "../board/board.ts";
import { BoardWarnings } from "../board/warnings.ts";
import { type Job, jobSchema, longest } from "../protocol/job.ts";
import { computeJob, type Outcome, resultOf } from "../worker/compute.ts";
import { jobsOf } from "./jobs.ts";
import { ResultStatistics } from "./result-check.ts";
import type { RunnerOptions } from "./runner-options.ts";
import { NoiseScale } from "./scaling.ts";
import { StepRun } from "./step-run.ts";

/** Interval at which the presences of workers are read, in milliseconds. */
const workersMs = 1000;
const tickMs = 100;
/** Interval of reports that the board cannot be reached, or that no worker is there, in milliseconds. */
const downReportMs = 10_000;
/** Interval of the heartbeat between steps, in milliseconds: sample images may take minutes. */
const heartbeatMs = 5000;

/** Computes the micro-batches of a run on the workers that take them from a board. */
export class ClusterRunner implements MicroBatchRunner {
  readonly #options: RunnerOptions;
  readonly #inbox = new Inbox();
  readonly #statistics: ResultStatistics;
  readonly #noise = new NoiseScale();
  #consumer: Consumer | undefined;
  #stopHeartbeat = () => {};
  #heartbeat: Omit<RunHeartbeat, "incarnation"> = { step: 0, excluded: [] };
  /** Jobs that are being computed here. */
  readonly #computing = new Set<Promise<unknown>>();
  #downSince: number | undefined;
  #reportedDownAt = Number.NEGATIVE_INFINITY;
  #workersReadAt = Number.NEGATIVE_INFINITY;
  /** Since when no worker takes jobs, this machine included; and when that was reported. */
  #idleSince: number | undefined;
  #reportedIdleAt = 0;
  readonly #warnings: BoardWarnings;
  #lastStep: StepRun | undefined;

  /** Announces the run. @throws what the board throws when it cannot be reached */
  static async open(options: RunnerOptions): Promise<ClusterRunner> {
    const runner = new ClusterRunner(options);
    const { board, manifest, takesJobs, name } = options;
    board.listen((event) => runner.#inbox.put(event));
    await board.announce(manifest, runner.#heartbeat);
    runner.#startHeartbeat();
    if (takesJobs) runner.#consumer = await board.consume(name, (body) => runner.#compute(body));
    return runner;
  }

  private constructor(options: RunnerOptions) {
    this.#options = options;
    this.#statistics = new ResultStatistics(options.probeMs);
    this.#warnings = new BoardWarnings(options.board, options.clock);
  }

  get drawer() {
    return this.#options.drawer;
  }

  get #registry() {
    return this.#options.registry;
  }

  async *run(inputs: StepInputs, batches: AsyncIterable<MicroStepSamples>): AsyncGenerator<RunnerOutput> {
    const { of, local, want, storeBlob, clock } = this.#options;
    const jobs: Job[] = [];
    const { options, split } = local;
    for await (const job of jobsOf(inputs, batches, { options, split, of, want, storeBlob })) jobs.push(job);
    const step = new StepRun(jobs, this.#options, this.#registry, this.#statistics, this.#lastStep);
    this.#lastStep = step;
    yield* this.#attempt(() => step.publish());
    if (this.#downSince === undefined) yield* this.#updateWorkers(step, inputs.step);
    while (!step.isDone) {
      const cancelTick = clock.after(tickMs, () => this.#inbox.put({ kind: "tick" }));
      const event = await this.#inbox.next();
      cancelTick();
      if (event.kind === "closed") return;
      if (event.kind === "down") yield* this.#reportDown(event.why);
      else if (event.kind === "up") yield* this.#resynchronize(step, inputs.step);
      else if (event.kind === "tick") yield* this.#tick(step, inputs.step);
      else step.handle(event);
      if (step.hasUnpublished) yield* this.#attempt(() => step.publish());
      yield* step.takeEvents();
    }
    yield* wholeResults(jobs, step.results);
    const [{ samples, of: whole }] = jobs as [Job];
    this.#noise.note(step.results, samples.length, (inputs.accumulationSteps * whole.samples) / samples.length);
    const { value } = this.#noise;
    yield {
      kind: "figures",
      figures: { ...step.figures(), ...(value !== undefined && { gradientNoiseScale: value }) },
    };
    if (this.#downSince === undefined) await step.withdrawRest().catch(() => {});
  }

  #announce(step: number): Promise<void> {
    this.#heartbeat = {
      step,
      excluded: this.#registry.excluded,
      ...(this.#lastStep && { jobsEach: this.#lastStep.jobsEach }),
    };
    return this.#options.board.announce(this.#options.manifest, this.#heartbeat);
  }

  /** Renews the heartbeat between steps, when nothing else is announced. */
  #startHeartbeat(): void {
    this.#stopHeartbeat = this.#options.clock.after(heartbeatMs, () => {
      this.#options.board.announce(this.#options.manifest, this.#heartbeat).catch(() => {});
      this.#startHeartbeat();
    });
  }

  async close(): Promise<void> {
    this.#stopHeartbeat();
    await this.#options.drawer?.close();
    this.#inbox.put({ kind: "closed" });
    await this.#consumer?.close(true).catch(() => {});
    // a device cannot be closed while it computes
    await Promise.allSettled(this.#computing);
    await this.#options.board.close(true).catch(() => {});
    await this.#options.free();
  }

  /** What is due at intervals: checks overdue jobs, and reads presences; computes here while the board cannot be reached, jobs keep failing or the run stops. */
  async *#tick(step: StepRun, done: number): AsyncGenerator<RunnerOutput> {
    if (this.#downSince !== undefined || step.isStuck || this.#options.isStopping()) {
      await step.computeHere((job) => this.#computeHere(job));
      if (this.#downSince === undefined) return;
      // the board may be back without an event
      yield* this.#attempt(() => this.#announce(done));
      return;
    }
    yield* this.#attempt(() => step.checkOverdue());
    yield* this.#updateWorkers(step, done);
  }

  /** Renews the heartbeat, reads presences and asks for warnings, where that is due. */
  async *#updateWorkers(step: StepRun, done: number): AsyncGenerator<RunnerOutput> {
    const { board, clock } = this.#options;
    if (clock.now() - this.#workersReadAt < workersMs) return;
    this.#workersReadAt = clock.now();
    yield* this.#attempt(async () => {
      await this.#announce(done);
      const changes = this.#registry.update(await board.workers());
      step.addEvents(changes);
      // re-issues at once what a worker that has left was computing
      if (changes.some(({ kind }) => kind === "workerLeft")) await step.checkAll();
    });
    yield* this.#reportIdle();
    if (!this.#warnings.areDue) return;
    const warnings: ClusterEvent[] = [];
    yield* this.#attempt(async () => void warnings.push(...(await this.#warnings.ask())));
    yield* warnings;
  }

  /** Reports at intervals that nobody is there to take jobs. */
  *#reportIdle(): Generator<ClusterEvent> {
    const now = this.#options.clock.now();
    if (this.#options.takesJobs || this.#downSince !== undefined || this.#registry.size > 0) {
      this.#idleSince = undefined;
      return;
    }
    if (this.#idleSince === undefined) this.#reportedIdleAt = this.#idleSince = now;
    if (now - this.#reportedIdleAt < downReportMs) return;
    this.#reportedIdleAt = now;
    yield { kind: "noWorkers", seconds: (now - this.#idleSince) / 1000 };
  }

  /** Calls the board. If that fails, the board counts as down until a call succeeds. */
  async *#attempt(act: () => Promise<void>): AsyncGenerator<ClusterEvent> {
    try {
      await act();
    } catch (error) {
      yield* this.#reportDown(error instanceof Error ? error.message : String(error));
      return;
    }
    if (this.#downSince !== undefined) yield* this.#reportBack();
  }

  /** Reports that the board cannot be reached, at once and then at intervals. */
  *#reportDown(why: string): Generator<ClusterEvent> {
    const now = this.#options.clock.now();
    this.#downSince ??= now;
    if (now - this.#reportedDownAt < downReportMs) return;
    this.#reportedDownAt = now;
    yield { kind: "queueDown", why, seconds: (now - this.#downSince) / 1000 };
  }

  *#reportBack(): Generator<ClusterEvent> {
    const seconds = (this.#options.clock.now() - this.#downSince!) / 1000;
    this.#downSince = undefined;
    this.#reportedDownAt = Number.NEGATIVE_INFINITY;
    yield { kind: "queueBack", seconds };
  }

  /** After a reconnect: announces the run again and checks all jobs, since the server may have been emptied. */
  async *#resynchronize(step: StepRun, done: number) {
    yield* this.#attempt(async () => {
      await this.#announce(done);
      await step.checkAll();
    });
  }

  /** Computes a job that this machine has taken from the board. */
  async #compute(body: string): Promise<string> {
    const { seal, numerics, name } = this.#options;
    const opened = seal.open(body, jobSchema, longest.job);
    if ("problem" in opened) throw new Error(opened.problem);
    return seal.sign(resultOf(opened.message, await this.#computeHere(opened.message), numerics, name));
  }

  #computeHere(job: Job): Promise<Outcome> {
    const computing = computeJob(job, this.#options.local, this.#options.fetchBlob);
    this.#computing.add(computing);
    const done = () => this.#computing.delete(computing);
    computing.then(done, done);
    return computing;
  }
}

/** What a step reacts to. */
type InboxEvent = BoardEvent | { readonly kind: "tick" } | { readonly kind: "closed" };

/** Events in the order in which they came, for a reader that waits for the next one. */
class Inbox {
  readonly #unread: InboxEvent[] = [];
  #wake: (() => void) | undefined;

  put(event: InboxEvent): void {
    this.#unread.push(event);
    this.#wake?.();
  }

  async next(): Promise<InboxEvent> {
    while (this.#unread.length === 0)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    return this.#unread.shift()!;
  }
}

/** The results of micro-batches, joined from those of their jobs. */
function* wholeResults(jobs: readonly Job[], results: readonly MicroStepResult[]): Generator<RunnerOutput> {
  const count = jobs.at(-1)!.of.microBatch + 1;
  for (let index = 0; index < count; index++) {
    const parts = results.filter((_, i) => jobs[i]!.of.microBatch === index);
    yield { kind: "computed", index, result: joinedParts(parts) };
  }
}
