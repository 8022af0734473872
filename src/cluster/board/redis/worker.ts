import type { Redis } from "ioredis";
import type { Presence } from "../../protocol/manifest.ts";
import type { BoardOf, Compute, RunMark, Serving, WorkerBoard } from "../board.ts";
import type { QueueAddress } from "./address.ts";
import { commandOptions, connected, prefix, type QueuePackages, queuePackages, queueProblem } from "./connection.ts";
import { type ServerFacts, serverFacts } from "./facts.ts";
import { keys, presentWorkers, readMark } from "./keys.ts";
import { asConnection, queueName, queuesOf, serveQueue } from "./queue.ts";

/** What a worker tells of itself counts so long, in seconds. */
const presenceSeconds = 6;

/** The same board, as workers and those who look at it have it. */
export class RedisWorkerBoard implements WorkerBoard {
  readonly #address: QueueAddress;
  readonly #packages: QueuePackages;
  readonly #redis: Redis;

  /** @throws CLUSTER_PACKAGES, CLUSTER_UNREACHABLE, CLUSTER_DENIED, CLUSTER_TLS */
  static async open(address: QueueAddress): Promise<RedisWorkerBoard> {
    const packages = await queuePackages();
    const redis = await connected(new packages.Redis(commandOptions(address)), address);
    return new RedisWorkerBoard(address, packages, redis);
  }

  private constructor(address: QueueAddress, packages: QueuePackages, redis: Redis) {
    this.#address = address;
    this.#packages = packages;
    this.#redis = redis;
  }

  manifests(): Promise<string[]> {
    return this.#asking(() => this.#redis.hvals(keys.runs));
  }

  markOf(run: string): Promise<RunMark | undefined> {
    return this.#asking(() => readMark(this.#redis, run));
  }

  async serve(of: BoardOf, name: string, compute: Compute, jobsEach?: () => number): Promise<Serving> {
    const serving = serveQueue(this.#packages, this.#address, of, name, compute, jobsEach);
    return {
      ...serving,
      close: async (isForced) => {
        await serving.close(isForced);
        await this.#sweep(of).catch(() => {});
      },
    };
  }

  /** BullMQ notes a queue anew whenever somebody waits at it, also one that was taken down. */
  async #sweep(of: BoardOf): Promise<void> {
    const manifest = (await this.#redis.hget(keys.runs, of.run)) ?? "";
    if (!manifest.includes(`"incarnation":"${of.incarnation}"`))
      await this.#redis.del(`${prefix}:${queueName(of)}:meta`);
  }

  waiting(of: BoardOf): Promise<number> {
    return this.#asking(() => this.#redis.llen(`${prefix}:${queueName(of)}:wait`));
  }

  async tell(presence: Presence): Promise<void> {
    const { id } = presence;
    await this.#asking(() =>
      this.#redis
        .multi()
        .sadd(keys.workers, id)
        .set(keys.worker(id), JSON.stringify(presence), "EX", presenceSeconds)
        .exec(),
    );
  }

  async leave(id: string): Promise<void> {
    await this.#asking(() => this.#redis.multi().srem(keys.workers, id).del(keys.worker(id)).exec());
  }

  workers(): Promise<Presence[]> {
    return this.#asking(() => presentWorkers(this.#redis));
  }

  /** Takes down a run whose coordinator is gone, with its queue. */
  async remove({ run, incarnation }: BoardOf): Promise<void> {
    await this.#asking(async () => {
      const connection = asConnection(this.#redis);
      for (const name of queuesOf({ run, incarnation }).map(queueName)) {
        const queue = new this.#packages.bullmq.Queue(name, { connection, prefix });
        queue.on("error", () => {});
        await queue.obliterate({ force: true });
        await queue.close();
      }
      await this.#redis.hdel(keys.runs, run);
    });
  }

  facts(): Promise<ServerFacts> {
    return this.#asking(() => serverFacts(this.#redis));
  }

  async close(): Promise<void> {
    this.#redis.disconnect();
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
