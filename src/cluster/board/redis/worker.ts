import type { Redis } from "ioredis";
import type { Presence } from "../../protocol/manifest.ts";
import type { Compute, Consumer, QueueId, RunHeartbeat, WorkerBoard } from "../board.ts";
import type { QueueAddress } from "./address.ts";
import { commandOptions, connected, prefix, type QueuePackages, queuePackages, queueProblem } from "./connection.ts";
import { keys, presentWorkers, readHeartbeat } from "./keys.ts";
import { asConnection, consumeQueue, queueName, queuesOf } from "./queue.ts";
import { type ServerInfo, serverInfo } from "./server-info.ts";

/** A presence expires after so many seconds. */
const presenceSeconds = 6;

/** The workers' side of a board on Redis or Valkey, also for programs that only read it. */
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
    return this.#ask(() => this.#redis.hvals(keys.runs));
  }

  heartbeatOf(run: string): Promise<RunHeartbeat | undefined> {
    return this.#ask(() => readHeartbeat(this.#redis, run));
  }

  async consume(of: QueueId, name: string, compute: Compute, jobsEach?: () => number): Promise<Consumer> {
    const consumer = consumeQueue(this.#packages, this.#address, of, name, compute, jobsEach);
    return {
      ...consumer,
      close: async (isForced) => {
        await consumer.close(isForced);
        await this.#removeLeftovers(of).catch(() => {});
      },
    };
  }

  /** Removes the metadata of a queue whose run is over: BullMQ writes it again whenever a worker waits for jobs. */
  async #removeLeftovers(of: QueueId): Promise<void> {
    const manifest = (await this.#redis.hget(keys.runs, of.run)) ?? "";
    if (!manifest.includes(`"incarnation":"${of.incarnation}"`))
      await this.#redis.del(`${prefix}:${queueName(of)}:meta`);
  }

  waitingCount(of: QueueId): Promise<number> {
    return this.#ask(() => this.#redis.llen(`${prefix}:${queueName(of)}:wait`));
  }

  async publishPresence(presence: Presence): Promise<void> {
    const { id } = presence;
    await this.#ask(() =>
      this.#redis
        .multi()
        .sadd(keys.workers, id)
        .set(keys.presence(id), JSON.stringify(presence), "EX", presenceSeconds)
        .exec(),
    );
  }

  async removePresence(id: string): Promise<void> {
    await this.#ask(() => this.#redis.multi().srem(keys.workers, id).del(keys.presence(id)).exec());
  }

  workers(): Promise<Presence[]> {
    return this.#ask(() => presentWorkers(this.#redis));
  }

  /** Removes a run whose coordinator is gone, with its queues. */
  async remove({ run, incarnation }: QueueId): Promise<void> {
    await this.#ask(async () => {
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

  serverInfo(): Promise<ServerInfo> {
    return this.#ask(() => serverInfo(this.#redis));
  }

  async close(): Promise<void> {
    this.#redis.disconnect();
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
