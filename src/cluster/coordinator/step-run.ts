import { mean } from "../../array/index.ts";
import type { ClusterEvent, ClusterFigures, MicroStepResult } from "../../training/index.ts";
import type { BoardEvent, QueuedJob } from "../board/board.ts";
import { type Job, jobId, longest, type Result, resultSchema } from "../protocol/job.ts";
import type { Outcome } from "../worker/compute.ts";
import { resultOf } from "../worker/compute.ts";
import type { Coordination } from "./coordination.ts";
import type { Roll } from "./roll.ts";
import { type CopyName, StepSchedule } from "./schedule.ts";
import { type Checked, checkResult, type Usual } from "./verdict.ts";

/** Failures and refusals of a micro-batch after which it is computed here. */
const enough = 3;
/** A copy that takes so many times the least that is waited, though another one was given out, is given up. */
const givenUp = 15;
/** One of so many micro-batches is computed twice on purpose. */
const twinEvery = 100;

interface Accepted extends Pick<Checked, "digest" | "result"> {
  readonly worker: string;
  readonly attempt: number;
  readonly ms: number;
  readonly at: number;
}

/** One step: its jobs on the board, and what became of them. Collects what is to be told until it is asked. */
export class StepRun {
  readonly #jobs: readonly Job[];
  readonly #with: Coordination;
  readonly #roll: Roll;
  readonly #usual: Usual;
  /** Late results of its jobs are compared. */
  #before: StepRun | undefined;
  readonly #schedule: StepSchedule;
  readonly #start: number;
  readonly #events: ClusterEvent[] = [];
  readonly #accepted = new Map<number, Accepted>();
  readonly #doubts = new Map<number, { readonly worker: string; readonly digest: string }[]>();
  readonly #failures = new Map<number, number>();
  /** Indices of which one more copy is wanted, and whether it goes before all others. */
  readonly #wanted = new Map<number, boolean>();
  /** Copies of which another one was given out. */
  readonly #doubled = new Set<string>();
  #bytesOut = 0;
  #bytesIn = 0;

  constructor(jobs: readonly Job[], coordination: Coordination, roll: Roll, usual: Usual, before?: StepRun) {
    this.#jobs = jobs;
    this.#with = coordination;
    this.#roll = roll;
    this.#usual = usual;
    this.#before = before;
    if (before) before.#before = undefined;
    this.#start = coordination.clock.now();
    this.#schedule = new StepSchedule(jobs.length, this.#start, coordination.policy);
    for (const index of this.#twins()) this.#wanted.set(index, false);
  }

  get isDone(): boolean {
    return this.#schedule.isDone;
  }

  /** Jobs for each who computes. */
  get jobsEach(): number {
    return this.#jobs.length / Math.max(1, this.#computing);
  }

  /** Whether a micro-batch has failed so often that it is to be computed here. */
  get isStuck(): boolean {
    return this.#schedule.open.some((index) => this.#isHopeless(index));
  }

  /** Adds what is to be told. */
  note(events: readonly ClusterEvent[]): void {
    this.#events.push(...events);
  }

  /** Everything that came up since it was asked last. */
  *events(): Generator<ClusterEvent> {
    const late = this.#before ? this.#before.#events.splice(0) : [];
    yield* [...late, ...this.#events.splice(0)];
  }

  /** Whether something is to be hung up. */
  get hasMore(): boolean {
    return this.#schedule.unpublished.length + this.#wantedNow.length > 0;
  }

  /** How many compute jobs of the run. */
  get #computing(): number {
    return this.#roll.size + (this.#with.takesJobs ? 1 : 0);
  }

  /** Indices that are computed twice on purpose. */
  #twins(): number[] {
    const [count, computing] = [this.#jobs.length, this.#computing];
    if (computing < 2) return [];
    // where all have something to do in the last round, one copy more makes the step a round longer: then only one step in so many has one
    const every = count % computing === 0 ? twinEvery * count : twinEvery;
    return this.#jobs.filter(({ step, index }) => isTwin(step, index, every)).map(({ index }) => index);
  }

  get #wantedNow(): number[] {
    return [...this.#wanted.keys()].filter((index) => this.#schedule.isOpen(index));
  }

  /** Hangs up what is not there, and second copies that are wanted. */
  async publish(): Promise<void> {
    const missing = this.#schedule.unpublished;
    const more = this.#wantedNow;
    const isFirst = missing.length === 0 && more.every((index) => this.#wanted.get(index));
    // those that are computed twice go first, one copy after the other: so two workers take them, and both are done before the step is
    const rest = missing.filter((index) => !more.includes(index));
    const twice = more.flatMap((index) => (missing.includes(index) ? [index, index] : [index]));
    const names = [...twice, ...rest].map((index) => this.#schedule.publish(index, this.#with.clock.now()));
    this.#wanted.clear();
    try {
      const posted = names.map((name) => this.#posted(name));
      await this.#with.board.publish(posted, isFirst || this.#accepted.size > 0);
      for (const { body } of posted) this.#bytesOut += body.length;
    } catch (error) {
      for (const name of names) this.#schedule.kept(name);
      throw error;
    }
  }

  hear(event: Exclude<BoardEvent, { readonly kind: "up" | "down" }>): void {
    const name = nameOf(event.id, this.#jobs[0]!.step);
    if (!name || name.index >= this.#jobs.length) {
      if (event.kind === "answered" && this.#before) this.#before.#compareLate(event.id, event.body);
      return;
    }
    if (event.kind === "taken") this.#schedule.taken(name, this.#with.clock.now());
    else if (event.kind === "failed") this.#failed(name, event.why);
    else this.#judge(name, event.body);
  }

  /** Looks for copies of which something should have been heard. @throws what the board throws */
  async lookAfterOverdue(): Promise<void> {
    const now = this.#with.clock.now();
    for (const name of this.#schedule.overdue(now, this.#usual.duration(sizeOf(this.#jobs[0]!))))
      await this.#lookAfter(name, true);
  }

  /** Looks for all copies, as after the board was away or a worker has left. @throws what the board throws */
  async lookAfterAll(): Promise<void> {
    for (const name of this.#schedule.out) await this.#lookAfter(name, false);
  }

  /** Computes one micro-batch here: one that fails elsewhere, or the first without a result. */
  async computeHere(compute: (job: Job) => Promise<Outcome>): Promise<void> {
    const { open } = this.#schedule;
    const index = open.find((one) => this.#isHopeless(one)) ?? open[0];
    if (index === undefined) return;
    const job = this.#jobs[index]!;
    const { name, numerics } = this.#with;
    this.#take({ index, attempt: 0 }, resultOf({ ...job, attempt: 0 }, await compute(job), numerics, name));
  }

  /** Takes down what waits though nobody needs it. */
  async withdrawRest(): Promise<void> {
    const copies = this.#jobs.flatMap(({ index }) => this.#schedule.copiesOf(index));
    const idle = copies.filter(({ index, attempt }) => this.#accepted.get(index)?.attempt !== attempt);
    if (idle.length > 0) await this.#with.board.withdraw(idle.map((name) => this.#idOf(name)));
  }

  /** Of all its jobs, once it is done. */
  get results(): MicroStepResult[] {
    return this.#jobs.map(({ index }) => this.#accepted.get(index)!.result);
  }

  figures(): ClusterFigures {
    const accepted = this.#jobs.map((job) => ({ job, ...this.#accepted.get(job.index)! }));
    const last = accepted.reduce((latest, one) => (one.at > latest.at ? one : latest));
    const lastOf = new Map<string, number>();
    for (const { worker, at } of accepted) lastOf.set(worker, Math.max(at, lastOf.get(worker) ?? 0));
    return {
      workers: lastOf.size,
      jobs: accepted.length,
      wallMs: last.at - this.#start,
      slowestMs: Math.max(...accepted.map(({ ms }) => ms)),
      waitMs: mean([...lastOf.values()].map((at) => last.at - at)),
      waitedFor: last.worker,
      bytesOut: this.#bytesOut,
      bytesIn: this.#bytesIn,
      results: accepted.map(({ job, worker, attempt, ms, digest }) => ({
        ...{ worker, attempt, ms, digest, samples: job.samples.length },
      })),
    };
  }

  async #lookAfter(name: CopyName, isOverdue: boolean): Promise<void> {
    if (!this.#schedule.isOpen(name.index)) return;
    const id = this.#idOf(name);
    const standing = await this.#with.board.statusOf(id);
    const now = this.#with.clock.now();
    if (standing.state === "answered") return this.#judge(name, standing.body);
    if (standing.state === "failed") return this.#failed(name, standing.why);
    if (standing.state === "waiting") return this.#schedule.waits(name, now);
    if (standing.state === "missing") {
      this.#schedule.gone(name);
      if (this.#schedule.unpublished.includes(name.index)) this.#tellReissue(name.index, "it was lost");
      return;
    }
    const { by } = standing;
    const isLeft = by !== undefined && by !== this.#with.name && !this.#roll.isPresent(by);
    const duration = this.#schedule.durationOf(name, now);
    if (duration === undefined) this.#schedule.taken(name, now);
    if (!isLeft && (duration === undefined || !isOverdue)) return;
    if (this.#doubled.has(id)) {
      if (isLeft || duration! > givenUp * this.#with.policy.leastMs) this.#schedule.gone(name);
      return;
    }
    if (!this.#schedule.mayPublish(name.index)) return;
    this.#doubled.add(id);
    this.#wanted.set(name.index, true);
    this.#tellReissue(name.index, `${by ?? "its worker"} ${isLeft ? "is gone" : "takes too long"}`);
  }

  #isHopeless(index: number): boolean {
    return this.#schedule.isExhausted(index) || (this.#failures.get(index) ?? 0) >= enough;
  }

  #tellReissue(index: number, why: string): void {
    this.#events.push({ kind: "reissued", step: this.#jobs[0]!.step + 1, index, why });
  }

  #failed(name: CopyName, why: string): void {
    this.#schedule.gone(name);
    if (!this.#schedule.isOpen(name.index)) return;
    this.#failures.set(name.index, (this.#failures.get(name.index) ?? 0) + 1);
    this.#tellReissue(name.index, why);
  }

  #judge(name: CopyName, body: string): void {
    const opened = this.#with.seal.open(body, resultSchema, longest.result);
    if ("problem" in opened) {
      this.#failed(name, `its result is refused: ${opened.problem}`);
      return;
    }
    const found = opened.message;
    const { run, incarnation, step } = this.#jobs[0]!;
    const isStale = found.run !== run || found.incarnation !== incarnation || found.step !== step;
    const isOut = this.#roll.isOut(found.worker);
    const isOther = !this.#with.takesOthers && found.numerics !== this.#with.numerics;
    if (isStale) this.#failed(name, `the result of ${found.worker} is of another time`);
    else if (isOut) this.#failed(name, `${found.worker} is not used any more`);
    else if (found.index !== name.index) this.#refuse(name, found.worker, "its result is of another micro-batch");
    else if (isOther) this.#refuse(name, found.worker, "it computes other bits than the coordinator");
    else {
      this.#bytesIn += body.length;
      this.#take(name, found);
    }
  }

  /** Takes a result whose sender is known. */
  #take(name: CopyName, found: Result): void {
    const { index } = name;
    const checked = checkResult(this.#jobs[index]!, found);
    if ("problem" in checked) this.#refuse(name, found.worker, checked.problem);
    else if (!this.#schedule.isOpen(index)) this.#compare(index, found, checked.digest);
    else if (!this.#usual.isDoubtful(checked.norm) || this.#isConfirmed(name, found.worker, checked))
      this.#accept(index, found, checked);
  }

  #accept(index: number, { worker, attempt, ms: { fetch, run } }: Result, { digest, norm, result }: Checked): void {
    for (const doubt of this.#doubts.get(index) ?? [])
      if (doubt.digest !== digest) this.#events.push(this.#roll.strike(doubt.worker, "nobody confirms its result"));
    const at = this.#with.clock.now();
    this.#schedule.done(index, at);
    this.#accepted.set(index, { worker, attempt, digest, result, ms: fetch + run, at });
    this.#usual.note(sizeOf(this.#jobs[index]!), fetch + run, norm);
  }

  /** Whether a result that looks odd is one that two agree on, or the coordinator's own. Else one more is asked for; what is no number at all is computed here. */
  #isConfirmed(name: CopyName, worker: string, { digest, norm }: Checked): boolean {
    if (worker === this.#with.name) return true;
    const doubts = Number.isFinite(norm) ? (this.#doubts.get(name.index) ?? []) : [];
    if (doubts.some((one) => one.digest === digest && (one.worker !== worker || this.#computing < 2))) return true;
    this.#doubts.set(name.index, [...(this.#doubts.get(name.index) ?? []), { worker, digest }]);
    this.#schedule.gone(name);
    this.#tellReissue(name.index, `the result of ${worker} is unusual, so another one is asked for`);
    if (doubts.length >= 1 || !Number.isFinite(norm)) this.#failures.set(name.index, enough);
    return false;
  }

  #refuse(name: CopyName, worker: string, why: string): void {
    this.#events.push(this.#roll.strike(worker, why));
    this.#failed(name, `the result of ${worker} is refused`);
  }

  #compare(index: number, { worker, numerics }: Result, digest: string): void {
    const first = this.#accepted.get(index);
    if (!first || first.digest === digest || first.worker === worker || numerics !== this.#with.numerics) return;
    const workers = [first.worker, worker] as const;
    this.#events.push({ kind: "duplicateDiffers", step: this.#jobs[0]!.step + 1, index, workers });
  }

  /** A result that came when its step was over. */
  #compareLate(id: string, body: string): void {
    const name = nameOf(id, this.#jobs[0]!.step);
    const opened = name && this.#with.seal.open(body, resultSchema, longest.result);
    if (!opened || "problem" in opened || !this.#jobs[name.index]) return;
    const checked = checkResult(this.#jobs[name.index]!, opened.message);
    if (!("problem" in checked)) this.#compare(name.index, opened.message, checked.digest);
  }

  #posted(name: CopyName): QueuedJob {
    const job: Job = { ...this.#jobs[name.index]!, attempt: name.attempt };
    return { id: this.#idOf(name), body: this.#with.seal.sign(job) };
  }

  #idOf({ index, attempt }: CopyName): string {
    return jobId({ step: this.#jobs[0]!.step, index, attempt });
  }
}

/** The copy that an id names, if it is of this step. */
function nameOf(id: string, step: number): CopyName | undefined {
  const [, ofStep, index, attempt] = /^s(\d+)-(\d+)-(\d+)$/.exec(id) ?? [];
  return Number(ofStep) === step ? { index: Number(index), attempt: Number(attempt) } : undefined;
}

function sizeOf({ samples, latentShape }: Job): string {
  return `${samples.length}x${latentShape.join("x")}`;
}

/** One in so many, chosen by a fixed rule, so that no generator is drawn from. */
function isTwin(step: number, index: number, every: number): boolean {
  return Math.imul(step * 64 + index + 1, 2654435761) >>> 0 < 2 ** 32 / every;
}
