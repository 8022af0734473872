import type { Redis } from "ioredis";
import { type Presence, presenceSchema } from "../../protocol/manifest.ts";
import type { RunHeartbeat } from "../board.ts";
import { prefix } from "./connection.ts";

/** The least rights that a user of the server needs, as rules of Redis' ACL: BullMQ's scripts and streams, and our own keys. */
export const aclRules = ["resetkeys", `~${prefix}:*`, "resetchannels", "+@all", "-@admin", "-@dangerous", "+info"];

/** Keys beside those of BullMQ's queues. */
export const keys = {
  /** Manifests by run. */
  runs: `${prefix}:runs`,
  /** The heartbeat of a run's coordinator, which expires. */
  heartbeat: (run: string) => `${prefix}:run:${run}`,
  /** Ids of workers, including some whose presence has expired. */
  workers: `${prefix}:workers`,
  /** The presence of a worker, which expires. */
  presence: (id: string) => `${prefix}:w:${id}`,
};

export function heartbeatFields({ incarnation, step, excluded: out, jobsEach }: RunHeartbeat): Record<string, string> {
  return {
    ...{ incarnation, step: String(step), out: out.join(" ") },
    ...(jobsEach !== undefined && { jobsEach: String(jobsEach) }),
  };
}

export async function readHeartbeat(redis: Redis, run: string): Promise<RunHeartbeat | undefined> {
  const { incarnation, step, out = "", jobsEach } = await redis.hgetall(keys.heartbeat(run));
  if (incarnation === undefined) return undefined;
  return {
    ...{ incarnation, step: Number(step), excluded: out.split(" ").filter(Boolean) },
    ...(jobsEach !== undefined && { jobsEach: Number(jobsEach) }),
  };
}

/** Presences that have not expired. Ids of the others are removed. */
export async function presentWorkers(redis: Redis): Promise<Presence[]> {
  const ids = await redis.smembers(keys.workers);
  if (ids.length === 0) return [];
  const texts = await redis.mget(ids.map(keys.presence));
  const gone = ids.filter((_, i) => texts[i] === null);
  if (gone.length > 0) await redis.srem(keys.workers, ...gone);
  return texts.flatMap((text) => {
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
