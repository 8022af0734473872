import type { Redis } from "ioredis";
import { type Presence, presenceSchema } from "../../protocol/manifest.ts";
import type { RunMark } from "../board.ts";
import { prefix } from "./connection.ts";

/** What a user of the server must be allowed to do, and no more, as the server's ACL has it: BullMQ's scripts, its streams, and our own keys. */
export const rights = ["resetkeys", `~${prefix}:*`, "resetchannels", "+@all", "-@admin", "-@dangerous", "+info"];

/** Keys beside those of BullMQ's queues. */
export const keys = {
  /** Manifests by run. */
  runs: `${prefix}:runs`,
  /** How far a run is; gone some time after its coordinator. */
  mark: (run: string) => `${prefix}:run:${run}`,
  /** Ids of workers, some of which may be gone. */
  workers: `${prefix}:workers`,
  /** What a worker tells of itself, for some seconds. */
  worker: (id: string) => `${prefix}:w:${id}`,
};

export function markFields({ incarnation, step, out, jobsEach }: RunMark): Record<string, string> {
  return {
    ...{ incarnation, step: String(step), out: out.join(" ") },
    ...(jobsEach !== undefined && { jobsEach: String(jobsEach) }),
  };
}

export async function readMark(redis: Redis, run: string): Promise<RunMark | undefined> {
  const { incarnation, step, out = "", jobsEach } = await redis.hgetall(keys.mark(run));
  if (incarnation === undefined) return undefined;
  return {
    ...{ incarnation, step: Number(step), out: out.split(" ").filter(Boolean) },
    ...(jobsEach !== undefined && { jobsEach: Number(jobsEach) }),
  };
}

/** Workers that have told of themselves lately. */
export async function presentWorkers(redis: Redis): Promise<Presence[]> {
  const ids = await redis.smembers(keys.workers);
  if (ids.length === 0) return [];
  const told = await redis.mget(ids.map(keys.worker));
  const gone = ids.filter((_, i) => told[i] === null);
  if (gone.length > 0) await redis.srem(keys.workers, ...gone);
  return told.flatMap((text) => {
    const { success, data } = presenceSchema.safeParse(text === null ? undefined : parsed(text!));
    return success ? [data] : [];
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
