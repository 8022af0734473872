import type { ConnectionOptions, JobsOptions, Queue } from "bullmq";
import type { Redis } from "ioredis";
import { longest } from "../../protocol/job.ts";
import type { BoardOf, Compute, Serving, Standing } from "../board.ts";
import type { QueueAddress } from "./address.ts";
import { prefix, type QueuePackages, waitingOptions } from "./connection.ts";

// Everything that knows BullMQ: nothing of its types goes further than this folder.

/** Failed at once in place of a rest: see `serveQueue`. */
const restMs = 10_000;

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

/** Takes jobs from a queue, one at a time. After one that failed it rests, so that another worker gets the next copy. */
export function serveQueue(
  { bullmq, Redis }: QueuePackages,
  address: QueueAddress,
  of: BoardOf,
  name: string,
  compute: Compute,
): Serving {
  const connection = new Redis(waitingOptions(address));
  connection.on("error", () => {});
  const worker = new bullmq.Worker<JobData, string>(queueName(of), (job) => compute(job.data.body), {
    connection: asConnection(connection),
    ...{ prefix, name, concurrency: 1, drainDelay: 5 },
    // second net, should the coordinator not notice that a worker is gone
    ...{ lockDuration: 15_000, stalledInterval: 5000, maxStalledCount: 3 },
  });
  let rest: NodeJS.Timeout | undefined;
  // without a listener they would end the process
  worker.on("error", () => {});
  worker.on("failed", () => {
    if (rest !== undefined) return;
    worker.pause(true).catch(() => {});
    rest = setTimeout(() => {
      rest = undefined;
      worker.resume();
    }, restMs);
  });
  return {
    async close(isForced = false) {
      clearTimeout(rest);
      // one that has lost its server never closes by itself
      const closing = worker.close(isForced).catch(() => {});
      if (isForced) await Promise.race([closing, new Promise((resolve) => setTimeout(resolve, 1000).unref())]);
      else await closing;
      connection.disconnect();
    },
    isResting: () => rest !== undefined,
  };
}
