import type { Redis } from "ioredis";

/** What a server says of itself. */
export interface ServerFacts {
  readonly version: string;
  readonly usedBytes: number;
  /** 0: none but the machine's. */
  readonly limitBytes: number;
  /** What it does where that is reached: its `maxmemory-policy`. */
  readonly policy: string;
}

export async function serverFacts(redis: Redis): Promise<ServerFacts> {
  const info = await redis.info();
  const fact = (name: string) => new RegExp(`^${name}:(.*)$`, "m").exec(info)?.[1]?.trim() ?? "";
  return {
    version: `${fact("server_name") || "redis"} ${fact("valkey_version") || fact("redis_version")}`,
    usedBytes: Number(fact("used_memory")),
    limitBytes: Number(fact("maxmemory")),
    policy: fact("maxmemory_policy"),
  };
}

/** What of it will lose jobs sooner or later. */
export function serverWarnings({ usedBytes, limitBytes, policy }: ServerFacts): string[] {
  const warnings = [];
  if (policy !== "noeviction")
    warnings.push(`maxmemory-policy is ${policy}; with anything but noeviction the server throws jobs away`);
  if (limitBytes > 0 && usedBytes > limitBytes / 2)
    warnings.push("more than half of the server's memory (maxmemory) is in use");
  return warnings;
}
