import type { Queue, QueueEvents } from "bullmq";
import type { Redis } from "ioredis";
import { isAbout } from "../../protocol/manifest.ts";
import type {
  BoardEvent,
  Compute,
  Consumer,
  CoordinatorBoard,
  JobStatus,
  QueuedJob,
  QueueId,
  RunHeartbeat,
} from "../board.ts";
import type { QueueAddress } from "./address.ts";
import {
  blockingOptions,
  commandOptions,
  connected,
  prefix,
  type QueuePackages,
  queuePackages,
  queueProblem,
} from "./connection.ts";
import { heartbeatFields, keys, presentWorkers } from "./keys.ts";
import { asConnection, consumeQueue, type JobData, jobOptions, jobStatus, queueName, queuesOf } from "./queue.ts";
import { serverInfo, serverWarnings } from "./server-info.ts";

/** A run's heartbeat expires after so many seconds. */
const heartbeatSeconds = 30;

/** The coordinator's side of a board on Redis or Valkey, through BullMQ: one queue for each incarnation of a run. Redis is never the store of record: all of its
 *  data may be lost at any time. */
export class RedisCoordinatorBoard implements CoordinatorBoard {
  readonly #address: QueueAddress;
  readonly #queueId: QueueId;
  readonly #packages: QueuePackages;
  readonly #redis: Redis;
  readonly #queue: Queue<JobData, string>;
  readonly #keptResults: number;
  #events: { readonly events: QueueEvents; readonly connection: Redis };
  #listener: (event: BoardEvent) => void = () => {};
  #announced = "";
  #isClosed = false;

  /** jobs: how many jobs a step has, by which the length of streams is set. @throws CLUSTER_PACKAGES, CLUSTER_UNREACHABLE, CLUSTER_DENIED, CLUSTER_TLS */
  static async open(address: QueueAddress, of: QueueId, jobs: number): Promise<RedisCoordinatorBoard> {
    const packages = await queuePackages();
    const redis = await connected(new packages.Redis(commandOptions(address)), address);
    const board = new RedisCoordinatorBoard(address, of, jobs, packages, redis);
    try {
      await board.#queue.waitUntilReady();
      await board.#events.events.waitUntilReady();
    } catch (error) {
      await board.close(false);
      throw queueProblem(error, address);
    }
    return board;
  }

  private constructor(address: QueueAddress, of: QueueId, jobs: number, packages: QueuePackages, redis: Redis) {
    this.#address = address;
    this.#queueId = of;
    this.#packages = packages;
    this.#redis = redis;
    this.#keptResults = 4 * jobs;
    this.#queue = new packages.bullmq.Queue<JobData, string>(queueName(of), {
      connection: asConnection(redis),
      prefix,
      streams: { events: { maxLen: this.#longestStream } },
    });
    this.#queue.on("error", () => {});
    this.#events = this.#openEvents();
    redis.on("close", () =>
      this.#emit({ kind: "down", why: `The queue at ${address.name} cannot be reached: no connection` }),
    );
    redis.on("ready", () => {
      this.#announced = "";
      // the blocking connection for events may be dead without an error
      void this.#closeEvents();
      if (!this.#isClosed) this.#events = this.#openEvents();
      this.#emit({ kind: "up" });
    });
  }

  listen(listener: (event: BoardEvent) => void): void {
    this.#listener = listener;
  }

  async announce(manifest: string, heartbeat: Omit<RunHeartbeat, "incarnation">): Promise<void> {
    const { run, incarnation } = this.#queueId;
    await this.#ask(async () => {
      const key = keys.heartbeat(run);
      const fields = heartbeatFields({ ...heartbeat, incarnation });
      const answers = await this.#redis
        .multi()
        .hset(key, fields)
        .expire(key, heartbeatSeconds)
        .hexists(keys.runs, run)
        .exec();
      if (this.#announced === manifest && answers?.at(-1)?.[1] === 1) return;
      if (this.#announced === "") await this.#removeEarlier();
      await this.#redis.hset(keys.runs, run, manifest);
      // results are in this stream; a server that was emptied has forgotten its maximal length
      await this.#redis.hset(this.#meta, "opts.maxLenEvents", this.#longestStream);
      this.#announced = manifest;
    });
  }

  /** Removes the queues of an earlier incarnation, whose coordinator was killed. */
  async #removeEarlier(): Promise<void> {
    const { run, incarnation } = this.#queueId;
    const text = (await this.#redis.hget(keys.runs, run)) ?? "";
    const earlier = /"incarnation":"([\w.-]{1,100})"/.exec(text)?.[1];
    if (earlier === undefined || earlier === incarnation) return;
    const connection = asConnection(this.#redis);
    for (const name of queuesOf({ run, incarnation: earlier }).map(queueName)) {
      const queue = new this.#packages.bullmq.Queue(name, { connection, prefix, skipMetasUpdate: true });
      queue.on("error", () => {});
      await queue.obliterate({ force: true });
      await this.#redis.del(`${prefix}:${name}:meta`);
      await queue.close();
    }
  }

  async publish(jobs: readonly QueuedJob[], first: boolean): Promise<void> {
    await this.#ask(() =>
      this.#queue.addBulk(
        jobs.map(({ id, body }) => ({ name: "job", data: { body }, opts: jobOptions(id, first, this.#keptResults) })),
      ),
    );
  }

  statusOf(id: string): Promise<JobStatus> {
    return this.#ask(() => jobStatus(this.#queue, id));
  }

  async withdraw(ids: readonly string[]): Promise<void> {
    // fails for a job that is locked by the worker that has taken it
    for (const id of ids) await this.#queue.remove(id).catch(() => {});
  }

  async workers() {
    const all = await this.#ask(() => presentWorkers(this.#redis));
    return all.filter((worker) => isAbout(worker, this.#queueId));
  }

  async warnings(): Promise<string[]> {
    return serverWarnings(await this.#ask(() => serverInfo(this.#redis)));
  }

  async consume(name: string, compute: Compute): Promise<Consumer> {
    return consumeQueue(this.#packages, this.#address, this.#queueId, name, compute);
  }

  async close(isOver: boolean): Promise<void> {
    this.#isClosed = true;
    await this.#closeEvents();
    if (this.#redis.status === "ready" && isOver) {
      if (this.#queueId.queue === undefined) {
        await this.#redis.hdel(keys.runs, this.#queueId.run).catch(() => {});
        await this.#redis.del(keys.heartbeat(this.#queueId.run)).catch(() => {});
      }
      await this.#queue.obliterate({ force: true }).catch(() => {});
      await this.#redis.del(this.#meta).catch(() => {});
    }
    this.#redis.disconnect();
    await this.#queue.close().catch(() => {});
  }

  /** Length of the stream of events, which contain the results: enough for several steps. */
  get #longestStream(): number {
    return Math.max(200, 4 * this.#keptResults);
  }

  /** Key of BullMQ's metadata of the queue. */
  get #meta(): string {
    return `${prefix}:${queueName(this.#queueId)}:meta`;
  }

  #openEvents() {
    const connection = new this.#packages.Redis(blockingOptions(this.#address));
    connection.on("error", () => {});
    const events = new this.#packages.bullmq.QueueEvents(queueName(this.#queueId), {
      connection: asConnection(connection),
      prefix,
      // from the start of the stream: jobs may complete before the first read
      lastEventId: "0-0",
    });
    events.on("error", () => {});
    events.on("active", ({ jobId }) => this.#emit({ kind: "taken", id: jobId }));
    events.on("completed", ({ jobId, returnvalue }) =>
      this.#emit({ kind: "answered", id: jobId, body: String(returnvalue) }),
    );
    events.on("failed", ({ jobId, failedReason }) => this.#emit({ kind: "failed", id: jobId, why: failedReason }));
    return { events, connection };
  }

  async #closeEvents(): Promise<void> {
    const { events, connection } = this.#events;
    events.removeAllListeners();
    events.on("error", () => {});
    connection.disconnect();
    await Promise.race([events.close().catch(() => {}), new Promise((resolve) => setTimeout(resolve, 500))]);
  }

  #emit(event: BoardEvent): void {
    if (!this.#isClosed) this.#listener(event);
  }

  /** @throws errors of the server as CoinageError: see queueProblem */
  async #ask<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    try {
      return await ask();
    } catch (error) {
      throw queueProblem(error, this.#address);
    }
  }
}
