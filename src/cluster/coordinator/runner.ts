import {
  type ClusterEvent,
  joinedParts,
  type MicroBatchRunner,
  type MicroStepResult,
  type MicroStepSamples,
  type RunnerOutput,
  type StepInputs,
} from "../../training/index.ts";
import type { Consumer, RunHeartbeat } from "../board/board.ts";
import { BoardWarnings } from "../board/warnings.ts";
import { type Job, jobSchema, longest } from "../protocol/job.ts";
import { computeJob, type Outcome, resultOf } from "../worker/compute.ts";
import type { Coordination } from "./coordination.ts";
import { Inbox } from "./inbox.ts";
import { jobsOf } from "./jobs.ts";
import { NoiseScale } from "./noise-scale.ts";
import { StepRun } from "./step-run.ts";
import { Usual } from "./verdict.ts";

/** Presence is looked at this often, in milliseconds. */
const rollMs = 1000;
const tickMs = 100;
/** While the board is out of reach, this is told so often, in milliseconds. */
const downMs = 10_000;
/** So often the run is announced between steps, too, in milliseconds: samples may take minutes. */
const beatMs = 5000;

/** Computes the micro-batches of a run on whoever takes them from a board. */
export class ClusterRunner implements MicroBatchRunner {
  readonly #with: Coordination;
  readonly #inbox = new Inbox();
  readonly #usual = new Usual();
  readonly #noise = new NoiseScale();
  #consumer: Consumer | undefined;
  #callOffBeat = () => {};
  #heartbeat: Omit<RunHeartbeat, "incarnation"> = { step: 0, excluded: [] };
  /** What is being computed here. */
  readonly #computing = new Set<Promise<unknown>>();
  #downSince: number | undefined;
  #toldDown = Number.NEGATIVE_INFINITY;
  #lastRoll = Number.NEGATIVE_INFINITY;
  readonly #warnings: BoardWarnings;
  #last: StepRun | undefined;

  /** Announces the run. @throws what the board throws when it cannot be reached */
  static async open(coordination: Coordination): Promise<ClusterRunner> {
    const runner = new ClusterRunner(coordination);
    const { board, manifest, takesJobs, name } = coordination;
    board.listen((event) => runner.#inbox.put(event));
    await board.announce(manifest, runner.#heartbeat);
    runner.#beat();
    if (takesJobs) runner.#consumer = await board.consume(name, (body) => runner.#compute(body));
    return runner;
  }

  private constructor(coordination: Coordination) {
    this.#with = coordination;
    this.#warnings = new BoardWarnings(coordination.board, coordination.clock);
  }

  get drawer() {
    return this.#with.drawer;
  }

  get #roll() {
    return this.#with.roll;
  }

  async *run(inputs: StepInputs, batches: AsyncIterable<MicroStepSamples>): AsyncGenerator<RunnerOutput> {
    const { of, local, want, keep, clock } = this.#with;
    const jobs: Job[] = [];
    const { options, split } = local;
    for await (const job of jobsOf(inputs, batches, { options, split, of, want, keep })) jobs.push(job);
    const step = new StepRun(jobs, this.#with, this.#roll, this.#usual, this.#last);
    this.#last = step;
    yield* this.#attempt(() => step.publish());
    if (this.#downSince === undefined) yield* this.#callRoll(step, inputs.step);
    while (!step.isDone) {
      const callOff = clock.after(tickMs, () => this.#inbox.put({ kind: "tick" }));
      const event = await this.#inbox.next();
      callOff();
      if (event.kind === "closed") return;
      if (event.kind === "down") yield* this.#isDown(event.why);
      else if (event.kind === "up") yield* this.#up(step, inputs.step);
      else if (event.kind === "tick") yield* this.#tick(step, inputs.step);
      else step.hear(event);
      if (step.hasMore) yield* this.#attempt(() => step.publish());
      yield* step.events();
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
    this.#heartbeat = { step, excluded: this.#roll.out, ...(this.#last && { jobsEach: this.#last.jobsEach }) };
    return this.#with.board.announce(this.#with.manifest, this.#heartbeat);
  }

  /** Between steps nothing else tells that the run goes on. */
  #beat(): void {
    this.#callOffBeat = this.#with.clock.after(beatMs, () => {
      this.#with.board.announce(this.#with.manifest, this.#heartbeat).catch(() => {});
      this.#beat();
    });
  }

  async close(): Promise<void> {
    this.#callOffBeat();
    await this.#with.drawer?.close();
    this.#inbox.put({ kind: "closed" });
    await this.#consumer?.close(true).catch(() => {});
    // a device cannot be closed while it computes
    await Promise.allSettled(this.#computing);
    await this.#with.board.close(true).catch(() => {});
    await this.#with.free();
  }

  /** What is due from time to time: overdue copies, who is there, computing here while the board is out of reach. */
  async *#tick(step: StepRun, done: number): AsyncGenerator<RunnerOutput> {
    if (this.#downSince !== undefined || step.isStuck || this.#with.isStopping()) {
      await step.computeHere((job) => this.#here(job));
      if (this.#downSince === undefined) return;
      // it may be back without a word
      yield* this.#attempt(() => this.#announce(done));
      return;
    }
    yield* this.#attempt(() => step.lookAfterOverdue());
    yield* this.#callRoll(step, done);
  }

  /** Looks who is there, from time to time. */
  async *#callRoll(step: StepRun, done: number): AsyncGenerator<RunnerOutput> {
    const { board, clock } = this.#with;
    if (clock.now() - this.#lastRoll < rollMs) return;
    this.#lastRoll = clock.now();
    yield* this.#attempt(async () => {
      await this.#announce(done);
      const changes = this.#roll.update(await board.workers());
      step.note(changes);
      // what one had in hand goes to another at once
      if (changes.some(({ kind }) => kind === "workerLeft")) await step.lookAfterAll();
    });
    if (!this.#warnings.areDue) return;
    const warnings: ClusterEvent[] = [];
    yield* this.#attempt(async () => void warnings.push(...(await this.#warnings.ask())));
    yield* warnings;
  }

  /** Does something with the board, and not without it: success means that it is there. Where it fails the board counts as out of reach until something
   *  succeeds. */
  async *#attempt(act: () => Promise<void>): AsyncGenerator<ClusterEvent> {
    try {
      await act();
    } catch (error) {
      yield* this.#isDown(error instanceof Error ? error.message : String(error));
      return;
    }
    if (this.#downSince !== undefined) yield* this.#back();
  }

  /** Tells that the board is out of reach, once and then from time to time. */
  *#isDown(why: string): Generator<ClusterEvent> {
    const now = this.#with.clock.now();
    this.#downSince ??= now;
    if (now - this.#toldDown < downMs) return;
    this.#toldDown = now;
    yield { kind: "queueDown", why, seconds: (now - this.#downSince) / 1000 };
  }

  *#back(): Generator<ClusterEvent> {
    const seconds = (this.#with.clock.now() - this.#downSince!) / 1000;
    this.#downSince = undefined;
    this.#toldDown = Number.NEGATIVE_INFINITY;
    yield { kind: "queueBack", seconds };
  }

  /** The board is there again, perhaps emptied: everything is told and looked up anew. */
  async *#up(step: StepRun, done: number) {
    yield* this.#attempt(async () => {
      await this.#announce(done);
      await step.lookAfterAll();
    });
  }

  /** What the device here does with a job that it takes. */
  async #compute(body: string): Promise<string> {
    const { seal, numerics, name } = this.#with;
    const opened = seal.open(body, jobSchema, longest.job);
    if ("problem" in opened) throw new Error(opened.problem);
    return seal.sign(resultOf(opened.message, await this.#here(opened.message), numerics, name));
  }

  #here(job: Job): Promise<Outcome> {
    const computing = computeJob(job, this.#with.local, this.#with.fetch);
    this.#computing.add(computing);
    const done = () => this.#computing.delete(computing);
    computing.then(done, done);
    return computing;
  }
}

/** The results of micro-batches from those of their jobs. */
function* wholeResults(jobs: readonly Job[], results: readonly MicroStepResult[]): Generator<RunnerOutput> {
  const count = jobs.at(-1)!.of.microBatch + 1;
  for (let index = 0; index < count; index++) {
    const parts = results.filter((_, i) => jobs[i]!.of.microBatch === index);
    yield { kind: "computed", index, result: joinedParts(parts) };
  }
}
