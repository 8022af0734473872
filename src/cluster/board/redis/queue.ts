import type { ConnectionOptions, Job, JobsOptions, Queue } from "bullmq";
import type { Redis } from "ioredis";
import { longest } from "../../protocol/job.ts";
import type { Compute, Consumer, JobStatus, QueueId } from "../board.ts";
import type { QueueAddress } from "./address.ts";
import { blockingOptions, prefix, type QueuePackages } from "./connection.ts";
import { Prefetch } from "./prefetch.ts";

// How queues, jobs and consumers are made with BullMQ. Its types do not leave this folder.

/** A worker's lock on a job expires after so long, and is renewed at this interval, in milliseconds. */
const [lockMs, renewMs] = [15_000, 5000];
/** A consumer takes no job for so long after one that failed, in milliseconds. */
const pauseMs = 10_000;
/** Time that BullMQ gets to close a consumer without a job, in milliseconds: without its server it never does. */
const [closingMs, forcedMs] = [3000, 1000];

export interface JobData {
  readonly body: string;
}

export function queueName({ run, incarnation, queue }: QueueId): string {
  return `${queue === "images" ? "im" : "mb"}-${run}-${incarnation}`;
}

/** All queues of a run. */
export function queuesOf({ run, incarnation }: QueueId): QueueId[] {
  return [
    { run, incarnation },
    { run, incarnation, queue: "images" },
  ];
}

/** ioredis' own client, as BullMQ's types have it. */
export function asConnection(redis: Redis): ConnectionOptions {
  return redis as unknown as ConnectionOptions;
}

/** keptResults: how many results the queue keeps to be looked up. */
export function jobOptions(jobId: string, lifo: boolean, keptResults: number): JobsOptions {
  return {
    jobId,
    lifo,
    // the coordinator retries: it publishes a new copy of the job
    attempts: 1,
    removeOnComplete: { count: keptResults },
    removeOnFail: { count: 100 },
    keepLogs: 0,
    stackTraceLimit: 5,
    sizeLimit: longest.job,
  };
}

export async function jobStatus(queue: Queue<JobData, string>, id: string): Promise<JobStatus> {
  const job = await queue.getJob(id);
  if (!job) return { state: "missing" };
  if (job.finishedOn !== undefined && job.failedReason) return { state: "failed", why: job.failedReason };
  if (job.finishedOn !== undefined) return { state: "answered", body: String(job.returnvalue) };
  if ((await job.getState()) !== "active") return { state: "waiting" };
  return { state: "taken", by: job.processedBy };
}

/** Takes jobs from a queue and computes them one at a time. After one that failed it pauses, so that another worker gets the next copy. */
export function consumeQueue(
  { bullmq, Redis }: QueuePackages,
  address: QueueAddress,
  of: QueueId,
  name: string,
  compute: Compute,
  jobsEach = () => 1,
): Consumer {
  const connection = new Redis(blockingOptions(address));
  connection.on("error", () => {});
  let computing: Promise<unknown> | undefined;
  const prefetch = new Prefetch();
  /** When jobs whose results are being sent were started and computed. */
  const computedAt = new WeakMap<Job, { readonly begun: number; readonly computed: number }>();
  const computed = async (job: Job<JobData, string>): Promise<string> => {
    while (computing) await computing;
    const begun = performance.now();
    const answer = compute(job.data.body);
    computing = answer.catch(() => {});
    try {
      const body = await answer;
      computedAt.set(job, { begun, computed: performance.now() });
      return body;
    } finally {
      computing = undefined;
    }
  };
  const computedUnderLock = async (job: Job<JobData, string>, token = ""): Promise<string> => {
    const stopRenewing = renewLock(job, token);
    return computed(job).finally(stopRenewing);
  };
  const worker = new bullmq.Worker<JobData, string>(queueName(of), computedUnderLock, {
    connection: asConnection(connection),
    ...{ prefix, name, concurrency: 1, drainDelay: 5 },
    // a second safety net, should the coordinator not notice that a worker is gone
    ...{ lockDuration: lockMs, skipLockRenewal: true, stalledInterval: 5000, maxStalledCount: 3 },
  });
  let pause: NodeJS.Timeout | undefined;
  let isClosing = false;
  // without a listener an error would end the process
  worker.on("error", () => {});
  worker.on("completed", (job) => {
    const times = computedAt.get(job);
    if (!times) return;
    prefetch.note(times.computed - times.begun, performance.now() - times.computed);
    worker.concurrency = prefetch.isWorthwhile(jobsEach()) ? 2 : 1;
  });
  worker.on("failed", () => {
    if (pause !== undefined || isClosing) return;
    worker.pause(true).catch(() => {});
    pause = setTimeout(() => {
      pause = undefined;
      worker.resume();
    }, pauseMs);
  });
  return {
    async close(isForced = false) {
      isClosing = true;
      clearTimeout(pause);
      const closing = worker.close(isForced).catch(() => {});
      while (!isForced && computing) await computing;
      let timer: NodeJS.Timeout | undefined;
      const timeout = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, isForced ? forcedMs : closingMs);
      });
      await Promise.race([closing, timeout]);
      clearTimeout(timer);
      connection.disconnect();
    },
    isPaused: () => pause !== undefined,
  };
}

/** Renews a worker's lock on a job until the function that it returns is called. BullMQ's own renewal depends on the time of day: after a clock was set back, it
 *  would not renew the lock until that time has come again, and another worker would get the job. */
function renewLock(job: Job, token: string): () => void {
  let timer: NodeJS.Timeout | undefined = setTimeout(renew, renewMs);
  async function renew() {
    // fails if another worker has the job by now
    await job.extendLock(token, lockMs).catch(() => {});
    if (timer) timer = setTimeout(renew, renewMs);
  }
  return () => {
    clearTimeout(timer);
    timer = undefined;
  };
}
