import type { ConnectionOptions, Job, JobsOptions, Queue } from "bullmq";
import type { Redis } from "ioredis";
import { longest } from "../../protocol/job.ts";
import type { BoardOf, Compute, Serving, Standing } from "../board.ts";
import type { QueueAddress } from "./address.ts";
import { prefix, type QueuePackages, waitingOptions } from "./connection.ts";
import { FetchAhead } from "./fetch-ahead.ts";

// Everything that knows BullMQ: nothing of its types goes further than this folder.

/** A job belongs to its worker for so long, unless that is renewed so often, in milliseconds. */
const [lockMs, renewMs] = [15_000, 5000];
/** A worker takes no job for so long after one that failed. */
const restMs = 10_000;
/** A queue that nothing is computed for has so long to close, in milliseconds: one that has lost its server never does. */
const [closingMs, forcedMs] = [3000, 1000];

export interface JobData {
  readonly body: string;
}

export function queueName({ run, incarnation, queue }: BoardOf): string {
  return `${queue === "images" ? "im" : "mb"}-${run}-${incarnation}`;
}

/** All queues of a run. */
export function queuesOf({ run, incarnation }: BoardOf): BoardOf[] {
  return [
    { run, incarnation },
    { run, incarnation, queue: "images" },
  ];
}

/** ioredis' own client, as BullMQ's types have it. */
export function asConnection(redis: Redis): ConnectionOptions {
  return redis as unknown as ConnectionOptions;
}

/** keep: results that stay to be looked up. */
export function jobOptions(jobId: string, lifo: boolean, keep: number): JobsOptions {
  return {
    jobId,
    lifo,
    // who gives a job out once more is the coordinator
    attempts: 1,
    removeOnComplete: { count: keep },
    removeOnFail: { count: 100 },
    keepLogs: 0,
    stackTraceLimit: 5,
    sizeLimit: longest.job,
  };
}

/** How a job stands. */
export async function standingOf(queue: Queue<JobData, string>, id: string): Promise<Standing> {
  const job = await queue.getJob(id);
  if (!job) return { state: "missing" };
  if (job.finishedOn !== undefined && job.failedReason) return { state: "failed", why: job.failedReason };
  if (job.finishedOn !== undefined) return { state: "answered", body: String(job.returnvalue) };
  if ((await job.getState()) !== "active") return { state: "waiting" };
  return { state: "taken", by: job.processedBy };
}

/** Takes jobs from a queue and computes them one at a time. After one that failed it rests, so that another worker gets the next copy. */
export function serveQueue(
  { bullmq, Redis }: QueuePackages,
  address: QueueAddress,
  of: BoardOf,
  name: string,
  compute: Compute,
  jobsEach = () => 1,
): Serving {
  const connection = new Redis(waitingOptions(address));
  connection.on("error", () => {});
  let computing: Promise<unknown> | undefined;
  const ahead = new FetchAhead();
  /** When jobs were begun and computed whose answers are being handed in. */
  const handedIn = new WeakMap<Job, readonly [begun: number, computed: number]>();
  const computed = async (job: Job<JobData, string>): Promise<string> => {
    while (computing) await computing;
    const begun = performance.now();
    const answer = compute(job.data.body);
    computing = answer.catch(() => {});
    try {
      const body = await answer;
      handedIn.set(job, [begun, performance.now()]);
      return body;
    } finally {
      computing = undefined;
    }
  };
  const inHand = async (job: Job<JobData, string>, token = ""): Promise<string> => {
    const letGo = keepLocked(job, token);
    return computed(job).finally(letGo);
  };
  const worker = new bullmq.Worker<JobData, string>(queueName(of), inHand, {
    connection: asConnection(connection),
    ...{ prefix, name, concurrency: 1, drainDelay: 5 },
    // second net, should the coordinator not notice that a worker is gone
    ...{ lockDuration: lockMs, skipLockRenewal: true, stalledInterval: 5000, maxStalledCount: 3 },
  });
  let rest: NodeJS.Timeout | undefined;
  let isClosing = false;
  // without a listener they would end the process
  worker.on("error", () => {});
  worker.on("completed", (job) => {
    const [begun, done] = handedIn.get(job) ?? [];
    if (begun === undefined || done === undefined) return;
    ahead.note(done - begun, performance.now() - done);
    worker.concurrency = ahead.isWorthwhile(jobsEach()) ? 2 : 1;
  });
  worker.on("failed", () => {
    if (rest !== undefined || isClosing) return;
    worker.pause(true).catch(() => {});
    rest = setTimeout(() => {
      rest = undefined;
      worker.resume();
    }, restMs);
  });
  return {
    async close(isForced = false) {
      isClosing = true;
      clearTimeout(rest);
      const closing = worker.close(isForced).catch(() => {});
      while (!isForced && computing) await computing;
      let timer: NodeJS.Timeout | undefined;
      const patience = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, isForced ? forcedMs : closingMs);
      });
      await Promise.race([closing, patience]);
      clearTimeout(timer);
      connection.disconnect();
    },
    isResting: () => rest !== undefined,
  };
}

/** Renews that a job belongs to its worker, until it is let go. BullMQ would do it by the time of day: once a clock was set back it would wait until that time
 *  has come again, and the job would go to another worker meanwhile. */
function keepLocked(job: Job, token: string): () => void {
  let timer: NodeJS.Timeout | undefined = setTimeout(renew, renewMs);
  async function renew() {
    // one that another worker has by now is its own
    await job.extendLock(token, lockMs).catch(() => {});
    if (timer) timer = setTimeout(renew, renewMs);
  }
  return () => {
    clearTimeout(timer);
    timer = undefined;
  };
}
