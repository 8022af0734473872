import type { Queue, QueueEvents } from "bullmq";
import type { Redis } from "ioredis";
import { isAbout } from "../../protocol/manifest.ts";
import type { BoardEvent, BoardOf, Compute, CoordinatorBoard, Posted, RunMark, Serving, Standing } from "../board.ts";
import type { QueueAddress } from "./address.ts";
import {
  commandOptions,
  connected,
  prefix,
  type QueuePackages,
  queuePackages,
  queueProblem,
  waitingOptions,
} from "./connection.ts";
import { serverFacts, serverWarnings } from "./facts.ts";
import { keys, markFields, presentWorkers } from "./keys.ts";
import { asConnection, type JobData, jobOptions, queueName, queuesOf, serveQueue, standingOf } from "./queue.ts";

/** So long a run counts as under way after its coordinator was heard of last, in seconds. */
const markSeconds = 30;

/** A board on Redis or Valkey, by BullMQ: one queue for each incarnation of a run. Redis is never the store of record: all of it may be lost at any time. */
export class RedisCoordinatorBoard implements CoordinatorBoard {
  readonly #address: QueueAddress;
  readonly #of: BoardOf;
  readonly #packages: QueuePackages;
  readonly #redis: Redis;
  readonly #queue: Queue<JobData, string>;
  readonly #keep: number;
  #events: { readonly events: QueueEvents; readonly connection: Redis };
  #listener: (event: BoardEvent) => void = () => {};
  #announced = "";
  #isClosed = false;

  /** jobs: micro-batches of a step. @throws CLUSTER_PACKAGES, CLUSTER_UNREACHABLE, CLUSTER_DENIED, CLUSTER_TLS */
  static async open(address: QueueAddress, of: BoardOf, jobs: number): Promise<RedisCoordinatorBoard> {
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

  private constructor(address: QueueAddress, of: BoardOf, jobs: number, packages: QueuePackages, redis: Redis) {
    this.#address = address;
    this.#of = of;
    this.#packages = packages;
    this.#redis = redis;
    this.#keep = 4 * jobs;
    this.#queue = new packages.bullmq.Queue<JobData, string>(queueName(of), {
      connection: asConnection(redis),
      prefix,
      streams: { events: { maxLen: this.#longestStream } },
    });
    this.#queue.on("error", () => {});
    this.#events = this.#openEvents();
    redis.on("close", () =>
      this.#tell({ kind: "down", why: `The queue at ${address.name} cannot be reached: no connection` }),
    );
    redis.on("ready", () => {
      this.#announced = "";
      // the connection that waits for events may have gone silent with the server
      void this.#closeEvents();
      if (!this.#isClosed) this.#events = this.#openEvents();
      this.#tell({ kind: "up" });
    });
  }

  listen(listener: (event: BoardEvent) => void): void {
    this.#listener = listener;
  }

  async announce(manifest: string, told: Omit<RunMark, "incarnation">): Promise<void> {
    const { run, incarnation } = this.#of;
    await this.#asking(async () => {
      const mark = keys.mark(run);
      const fields = markFields({ ...told, incarnation });
      const answers = await this.#redis
        .multi()
        .hset(mark, fields)
        .expire(mark, markSeconds)
        .hexists(keys.runs, run)
        .exec();
      if (this.#announced === manifest && answers?.at(-1)?.[1] === 1) return;
      if (this.#announced === "") await this.#removeEarlier();
      await this.#redis.hset(keys.runs, run, manifest);
      // results lie in this stream; an emptied server has forgotten how long it may be
      await this.#redis.hset(this.#meta, "opts.maxLenEvents", this.#longestStream);
      this.#announced = manifest;
    });
  }

  /** Takes down what an earlier incarnation has left, whose coordinator was killed. */
  async #removeEarlier(): Promise<void> {
    const { run, incarnation } = this.#of;
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

  async publish(jobs: readonly Posted[], first: boolean): Promise<void> {
    await this.#asking(() =>
      this.#queue.addBulk(
        jobs.map(({ id, body }) => ({ name: "job", data: { body }, opts: jobOptions(id, first, this.#keep) })),
      ),
    );
  }

  look(id: string): Promise<Standing> {
    return this.#asking(() => standingOf(this.#queue, id));
  }

  async withdraw(ids: readonly string[]): Promise<void> {
    // one that somebody has taken stays
    for (const id of ids) await this.#queue.remove(id).catch(() => {});
  }

  async workers() {
    const all = await this.#asking(() => presentWorkers(this.#redis));
    return all.filter((worker) => isAbout(worker, this.#of));
  }

  async warnings(): Promise<string[]> {
    return serverWarnings(await this.#asking(() => serverFacts(this.#redis)));
  }

  async serve(name: string, compute: Compute): Promise<Serving> {
    return serveQueue(this.#packages, this.#address, this.#of, name, compute);
  }

  async close(isOver: boolean): Promise<void> {
    this.#isClosed = true;
    await this.#closeEvents();
    if (this.#redis.status === "ready" && isOver) {
      if (this.#of.queue === undefined) {
        await this.#redis.hdel(keys.runs, this.#of.run).catch(() => {});
        await this.#redis.del(keys.mark(this.#of.run)).catch(() => {});
      }
      await this.#queue.obliterate({ force: true }).catch(() => {});
      await this.#redis.del(this.#meta).catch(() => {});
    }
    this.#redis.disconnect();
    await this.#queue.close().catch(() => {});
  }

  /** Events of some steps, with their results. */
  get #longestStream(): number {
    return Math.max(200, 4 * this.#keep);
  }

  /** What BullMQ keeps of the queue itself. */
  get #meta(): string {
    return `${prefix}:${queueName(this.#of)}:meta`;
  }

  #openEvents() {
    const connection = new this.#packages.Redis(waitingOptions(this.#address));
    connection.on("error", () => {});
    const events = new this.#packages.bullmq.QueueEvents(queueName(this.#of), {
      connection: asConnection(connection),
      prefix,
      // from the start: what finished before the first read counts, too
      lastEventId: "0-0",
    });
    events.on("error", () => {});
    events.on("active", ({ jobId }) => this.#tell({ kind: "taken", id: jobId }));
    events.on("completed", ({ jobId, returnvalue }) =>
      this.#tell({ kind: "answered", id: jobId, body: String(returnvalue) }),
    );
    events.on("failed", ({ jobId, failedReason }) => this.#tell({ kind: "failed", id: jobId, why: failedReason }));
    return { events, connection };
  }

  async #closeEvents(): Promise<void> {
    const { events, connection } = this.#events;
    events.removeAllListeners();
    events.on("error", () => {});
    connection.disconnect();
    await Promise.race([events.close().catch(() => {}), new Promise((resolve) => setTimeout(resolve, 500))]);
  }

  #tell(event: BoardEvent): void {
    if (!this.#isClosed) this.#listener(event);
  }

  /** @throws what the server says, as an error of ours */
  async #asking<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    try {
      return await ask();
    } catch (error) {
      throw queueProblem(error, this.#address);
    }
  }
}
