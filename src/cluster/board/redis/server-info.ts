import type { Redis } from "ioredis";

/** What a server's INFO command says of its version and memory. */
export interface ServerInfo {
  readonly version: string;
  readonly usedBytes: number;
  /** Its `maxmemory`; 0: no limit. */
  readonly limitBytes: number;
  /** Its `maxmemory-policy`: what it does at the limit. */
  readonly policy: string;
}

export async function serverInfo(redis: Redis): Promise<ServerInfo> {
  const info = await redis.info();
  const fact = (name: string) => new RegExp(`^${name}:(.*)$`, "m").exec(info)?.[1]?.trim() ?? "";
  return {
    version: `${fact("server_name") || "redis"} ${fact("valkey_version") || fact("redis_version")}`,
    usedBytes: Number(fact("used_memory")),
    limitBytes: Number(fact("maxmemory")),
    policy: fact("maxmemory_policy"),
  };
}

/** Settings and conditions of a server that may lose jobs, for the user. */
export function serverWarnings({ usedBytes, limitBytes, policy }: ServerInfo): string[] {
  const warnings = [];
  if (policy !== "noeviction")
    warnings.push(`maxmemory-policy is ${policy}; with anything but noeviction the server may evict jobs`);
  if (limitBytes > 0 && usedBytes >= limitBytes)
    warnings.push("the server's memory (maxmemory) is full: it takes nothing until there is room");
  else if (limitBytes > 0 && usedBytes > limitBytes / 2)
    warnings.push("more than half of the server's memory (maxmemory) is in use");
  return warnings;
}
