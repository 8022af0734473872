import { mean } from "../../array/index.ts";
import type { ClusterEvent, ClusterFigures, MicroStepResult } from "../../training/index.ts";
import type { BoardEvent, QueuedJob } from "../board/board.ts";
import { type Job, jobId, longest, type Result, resultSchema } from "../protocol/job.ts";
import type { Outcome } from "../worker/compute.ts";
import { resultOf } from "../worker/compute.ts";
import { type Checked, checkResult, type ResultStatistics } from "./result-check.ts";
import type { RunnerOptions } from "./runner-options.ts";
import { type CopyId, StepSchedule } from "./schedule.ts";
import type { WorkerRegistry } from "./worker-registry.ts";

/** Failed copies and refused results of a job, after which it is computed here. */
const mostFailures = 3;
/** A copy that was re-issued is given up after so many times the minimal timeout, and so many times the usual duration of a job. */
const giveUpFactors = { minTimeout: 15, usual: 6 };
/** One of so many jobs is computed twice on purpose, to compare workers. */
const duplicateEvery = 100;

/** Whose result has which bits. Those of different numerics differ though nothing is wrong. */
interface Sender extends Pick<Result, "worker" | "numerics">, Pick<Checked, "digest"> {}

interface Accepted extends Sender, Pick<Checked, "result"> {
  readonly attempt: number;
  readonly ms: number;
  readonly at: number;
}

/** One step of a shared run: publishes its jobs, re-issues those that are overdue, failed or lost, and checks results. Events are collected until they are taken. */
export class StepRun {
  readonly #jobs: readonly Job[];
  readonly #options: RunnerOptions;
  readonly #registry: WorkerRegistry;
  readonly #statistics: ResultStatistics;
  /** The step before: its late results are still compared with those that were accepted. */
  #previous: StepRun | undefined;
  readonly #schedule: StepSchedule;
  readonly #start: number;
  readonly #events: ClusterEvent[] = [];
  readonly #accepted = new Map<number, Accepted>();
  readonly #doubts = new Map<number, Sender[]>();
  readonly #failures = new Map<number, number>();
  /** Jobs of which one more copy is to be published, and whether ahead of all others. */
  readonly #extraCopies = new Map<number, boolean>();
  /** Ids of copies for which another one was published. */
  readonly #reissued = new Set<string>();
  #bytesOut = 0;
  #bytesIn = 0;

  constructor(
    jobs: readonly Job[],
    options: RunnerOptions,
    registry: WorkerRegistry,
    statistics: ResultStatistics,
    previous?: StepRun,
  ) {
    this.#jobs = jobs;
    this.#options = options;
    this.#registry = registry;
    this.#statistics = statistics;
    this.#previous = previous;
    if (previous) previous.#previous = undefined;
    this.#start = options.clock.now();
    this.#schedule = new StepSchedule(jobs.length, this.#start, options.policy);
    for (const index of this.#duplicatedJobs()) this.#extraCopies.set(index, false);
  }

  get isDone(): boolean {
    return this.#schedule.isDone;
  }

  /** Jobs per machine that computes them. */
  get jobsEach(): number {
    return this.#jobs.length / Math.max(1, this.#computing);
  }

  /** Whether a job has failed so often that it must be computed here. */
  get isStuck(): boolean {
    return this.#schedule.open.some((index) => this.#areRetriesExhausted(index));
  }

  /** Adds events of the runner. */
  addEvents(events: readonly ClusterEvent[]): void {
    this.#events.push(...events);
  }

  /** The events since the last call. */
  *takeEvents(): Generator<ClusterEvent> {
    const late = this.#previous ? this.#previous.#events.splice(0) : [];
    yield* [...late, ...this.#events.splice(0)];
  }

  /** Whether there is something to publish. */
  get hasUnpublished(): boolean {
    return this.#schedule.unpublished.length + this.#openExtraCopies.length > 0;
  }

  /** How many machines compute jobs: the workers, and this one where it takes jobs. */
  get #computing(): number {
    return this.#registry.size + (this.#options.takesJobs ? 1 : 0);
  }

  /** Jobs that are computed twice on purpose. */
  #duplicatedJobs(): number[] {
    const [count, computing] = [this.#jobs.length, this.#computing];
    if (computing < 2) return [];
    // where the jobs divide evenly among the machines, an extra copy makes the step a round longer: then only one in so many steps has one
    const every = count % computing === 0 ? duplicateEvery * count : duplicateEvery;
    return this.#jobs.filter(({ step, index }) => isDuplicated(step, index, every)).map(({ index }) => index);
  }

  get #openExtraCopies(): number[] {
    return [...this.#extraCopies.keys()].filter((index) => this.#schedule.isOpen(index));
  }

  /** Publishes jobs that have no copy in flight, and extra copies. @throws what the board throws */
  async publish(): Promise<void> {
    const unpublished = this.#schedule.unpublished;
    const extra = this.#openExtraCopies;
    const isFirst = unpublished.length === 0 && extra.every((index) => this.#extraCopies.get(index));
    // duplicated jobs go first, both copies together: so two workers take them, and both finish before the step does
    const rest = unpublished.filter((index) => !extra.includes(index));
    const duplicated = extra.flatMap((index) => (unpublished.includes(index) ? [index, index] : [index]));
    const copies = [...duplicated, ...rest].map((index) => this.#schedule.publish(index, this.#options.clock.now()));
    this.#extraCopies.clear();
    try {
      const queued = copies.map((copy) => this.#queuedJob(copy));
      await this.#options.board.publish(queued, isFirst || this.#accepted.size > 0);
      for (const { body } of queued) this.#bytesOut += body.length;
    } catch (error) {
      for (const copy of copies) this.#schedule.markUnsent(copy);
      throw error;
    }
  }

  handle(event: Exclude<BoardEvent, { readonly kind: "up" | "down" }>): void {
    const copy = copyIdOf(event.id, this.#jobs[0]!.step);
    if (!copy || copy.index >= this.#jobs.length) {
      if (event.kind === "answered" && this.#previous) this.#previous.#compareLate(event.id, event.body);
      return;
    }
    if (event.kind === "taken") this.#schedule.markTaken(copy, this.#options.clock.now());
    else if (event.kind === "failed") this.#onFailed(copy, event.why);
    else this.#receive(copy, event.body);
  }

  /** Checks the status of overdue copies. @throws what the board throws */
  async checkOverdue(): Promise<void> {
    const now = this.#options.clock.now();
    for (const copy of this.#schedule.overdue(now, this.#usualMs)) await this.#check(copy, true);
  }

  /** Checks the status of all copies in flight, as after an outage or when a worker has left. @throws what the board throws */
  async checkAll(): Promise<void> {
    for (const copy of this.#schedule.inFlight) await this.#check(copy, false);
  }

  /** Computes one job on this machine: one whose retries are exhausted, or the first without a result. */
  async computeHere(compute: (job: Job) => Promise<Outcome>): Promise<void> {
    const { open } = this.#schedule;
    const index = open.find((one) => this.#areRetriesExhausted(one)) ?? open[0];
    if (index === undefined) return;
    const job = this.#jobs[index]!;
    const { name, numerics } = this.#options;
    this.#checkResult({ index, attempt: 0 }, resultOf({ ...job, attempt: 0 }, await compute(job), numerics, name));
  }

  /** Withdraws copies whose results are not needed. @throws what the board throws */
  async withdrawRest(): Promise<void> {
    const copies = this.#jobs.flatMap(({ index }) => this.#schedule.copiesOf(index));
    const idle = copies.filter(({ index, attempt }) => this.#accepted.get(index)?.attempt !== attempt);
    if (idle.length > 0) await this.#options.board.withdraw(idle.map((copy) => this.#idOf(copy)));
  }

  /** The results of all jobs, once the step is done. */
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

  async #check(copy: CopyId, isOverdue: boolean): Promise<void> {
    if (!this.#schedule.isOpen(copy.index)) return;
    const id = this.#idOf(copy);
    const status = await this.#options.board.statusOf(id);
    const now = this.#options.clock.now();
    if (status.state === "answered") return this.#receive(copy, status.body);
    if (status.state === "failed") return this.#onFailed(copy, status.why);
    if (status.state === "waiting") return this.#schedule.markWaiting(copy, now);
    if (status.state === "missing") {
      this.#schedule.markEnded(copy);
      if (this.#schedule.unpublished.includes(copy.index)) this.#reportReissue(copy.index, "it was lost");
      return;
    }
    const { by } = status;
    const hasLeft = by !== undefined && by !== this.#options.name && !this.#registry.isPresent(by);
    const duration = this.#schedule.durationOf(copy, now);
    if (duration === undefined) this.#schedule.markTaken(copy, now);
    if (!hasLeft && (duration === undefined || !isOverdue)) return;
    if (this.#reissued.has(id)) {
      if (hasLeft || duration! > this.#giveUpMs) this.#schedule.markEnded(copy);
      return;
    }
    if (!this.#schedule.mayPublish(copy.index)) return;
    this.#reissued.add(id);
    this.#extraCopies.set(copy.index, true);
    this.#reportReissue(copy.index, `${by ?? "its worker"} ${hasLeft ? "is gone" : "takes too long"}`);
  }

  /** Usual duration of a job of this step, in milliseconds. */
  get #usualMs(): number {
    return this.#statistics.duration(sizeOf(this.#jobs[0]!));
  }

  get #giveUpMs(): number {
    const { minTimeout, usual } = giveUpFactors;
    return Math.max(minTimeout * this.#options.policy.minTimeoutMs, usual * this.#usualMs);
  }

  #areRetriesExhausted(index: number): boolean {
    return this.#schedule.isExhausted(index) || (this.#failures.get(index) ?? 0) >= mostFailures;
  }

  #reportReissue(index: number, why: string): void {
    this.#events.push({ kind: "reissued", step: this.#jobs[0]!.step + 1, index, why });
  }

  #onFailed(copy: CopyId, why: string): void {
    this.#schedule.markEnded(copy);
    if (!this.#schedule.isOpen(copy.index)) return;
    this.#failures.set(copy.index, (this.#failures.get(copy.index) ?? 0) + 1);
    this.#reportReissue(copy.index, why);
  }

  #receive(copy: CopyId, body: string): void {
    const opened = this.#options.seal.open(body, resultSchema, longest.result);
    if ("problem" in opened) {
      this.#onFailed(copy, `its result is refused: ${opened.problem}`);
      return;
    }
    const found = opened.message;
    const { run, incarnation, step } = this.#jobs[0]!;
    const isStale = found.run !== run || found.incarnation !== incarnation || found.step !== step;
    const isExcluded = this.#registry.isExcluded(found.worker);
    const isOther = !this.#options.takesOtherNumerics && found.numerics !== this.#options.numerics;
    if (isStale) this.#onFailed(copy, `the result of ${found.worker} is stale`);
    else if (isExcluded) this.#onFailed(copy, `${found.worker} is not used any more`);
    else if (found.index !== copy.index) this.#refuse(copy, found.worker, "its result is for another micro-batch");
    else if (isOther) this.#refuse(copy, found.worker, "it computes other bits than the coordinator");
    else {
      this.#bytesIn += body.length;
      this.#checkResult(copy, found);
    }
  }

  /** Checks a result of this step: refuses it, compares it with one that was accepted before, or accepts it. */
  #checkResult(copy: CopyId, found: Result): void {
    const { index } = copy;
    const checked = checkResult(this.#jobs[index]!, found);
    if ("problem" in checked) this.#refuse(copy, found.worker, checked.problem);
    else if (!this.#schedule.isOpen(index)) this.#compare(index, found, checked.digest);
    else if (!this.#statistics.isOutlier(checked.norm) || this.#isConfirmed(copy, found, checked))
      this.#accept(index, found, checked);
  }

  #accept(index: number, found: Result, { digest, norm, result }: Checked): void {
    const { worker, numerics, attempt, ms } = found;
    for (const doubt of this.#doubts.get(index) ?? [])
      if (doubt.digest !== digest && doubt.numerics === numerics)
        this.#events.push(this.#registry.strike(doubt.worker, "no other worker confirms its result"));
    const at = this.#options.clock.now();
    this.#schedule.markDone(index, at);
    this.#accepted.set(index, { worker, numerics, attempt, digest, result, ms: ms.fetch + ms.run, at });
    this.#statistics.note(sizeOf(this.#jobs[index]!), ms.fetch + ms.run, norm);
  }

  /** Whether an outlier is confirmed: by a second worker with the same bits, or because the coordinator has computed it. Otherwise the job is re-issued; one whose
   *  gradient is not finite is computed here. */
  #isConfirmed(copy: CopyId, { worker, numerics }: Result, { digest, norm }: Checked): boolean {
    if (worker === this.#options.name) return true;
    const doubts = Number.isFinite(norm) ? (this.#doubts.get(copy.index) ?? []) : [];
    if (doubts.some((one) => one.digest === digest && (one.worker !== worker || this.#computing < 2))) return true;
    this.#doubts.set(copy.index, [...(this.#doubts.get(copy.index) ?? []), { worker, numerics, digest }]);
    this.#schedule.markEnded(copy);
    this.#reportReissue(copy.index, `the result of ${worker} is an outlier, so another worker must confirm it`);
    if (doubts.length >= 1 || !Number.isFinite(norm)) this.#failures.set(copy.index, mostFailures);
    return false;
  }

  #refuse(copy: CopyId, worker: string, why: string): void {
    this.#events.push(this.#registry.strike(worker, why));
    this.#onFailed(copy, `the result of ${worker} is refused`);
  }

  #compare(index: number, { worker, numerics }: Result, digest: string): void {
    const first = this.#accepted.get(index);
    if (!first || first.digest === digest || first.worker === worker || first.numerics !== numerics) return;
    const workers = [first.worker, worker] as const;
    this.#events.push({ kind: "duplicateDiffers", step: this.#jobs[0]!.step + 1, index, workers });
  }

  /** Compares a result that came after its step was done. */
  #compareLate(id: string, body: string): void {
    const copy = copyIdOf(id, this.#jobs[0]!.step);
    const opened = copy && this.#options.seal.open(body, resultSchema, longest.result);
    if (!opened || "problem" in opened || !this.#jobs[copy.index]) return;
    const checked = checkResult(this.#jobs[copy.index]!, opened.message);
    if (!("problem" in checked)) this.#compare(copy.index, opened.message, checked.digest);
  }

  #queuedJob(copy: CopyId): QueuedJob {
    const job: Job = { ...this.#jobs[copy.index]!, attempt: copy.attempt };
    return { id: this.#idOf(copy), body: this.#options.seal.sign(job) };
  }

  #idOf({ index, attempt }: CopyId): string {
    return jobId({ step: this.#jobs[0]!.step, index, attempt });
  }
}

/** The copy that an id names; undefined if it is of another step. */
function copyIdOf(id: string, step: number): CopyId | undefined {
  const [, ofStep, index, attempt] = /^s(\d+)-(\d+)-(\d+)$/.exec(id) ?? [];
  return Number(ofStep) === step ? { index: Number(index), attempt: Number(attempt) } : undefined;
}

function sizeOf({ samples, latentShape }: Job): string {
  return `${samples.length}x${latentShape.join("x")}`;
}

/** One in so many, chosen by a fixed rule, so that no generator is drawn from. */
function isDuplicated(step: number, index: number, every: number): boolean {
  return Math.imul(step * 64 + index + 1, 2654435761) >>> 0 < 2 ** 32 / every;
}
