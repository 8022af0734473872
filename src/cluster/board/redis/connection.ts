import { isIP } from "node:net";
import type * as BullMq from "bullmq";
import type { Redis, RedisOptions } from "ioredis";
import { CoinageError } from "../../../errors/index.ts";
import type { QueueAddress } from "./address.ts";

/** The packages that speak to a queue. They are optional: only who shares runs needs them. */
export interface QueuePackages {
  readonly bullmq: typeof BullMq;
  readonly Redis: typeof Redis;
}

/** @throws CLUSTER_PACKAGES */
export async function queuePackages(): Promise<QueuePackages> {
  try {
    const [bullmq, ioredis] = await Promise.all([import("bullmq"), import("ioredis")]);
    return { bullmq, Redis: ioredis.Redis };
  } catch (cause) {
    throw new CoinageError("CLUSTER_PACKAGES", "The packages that speak to a queue are not installed.", {
      hint: "npm install bullmq@6.7.0 ioredis@6.0.0",
      cause,
    });
  }
}

type ClientOptions = Omit<RedisOptions, "replyMapping">;

/** Everything of ours in Redis begins so. */
export const prefix = "coinage";

/** For commands that answer at once: they fail while the server is away, and a connection that has gone silent is given up. */
export function commandOptions(address: QueueAddress): ClientOptions {
  return { ...baseOptions(address), enableOfflineQueue: false, maxRetriesPerRequest: 1, socketTimeout: 5000 };
}

/** For those that wait for something: nothing is given up. */
export function waitingOptions(address: QueueAddress): ClientOptions {
  return { ...baseOptions(address), maxRetriesPerRequest: null };
}

function baseOptions({ host, port, path, db, username, password, tls }: QueueAddress): ClientOptions {
  return {
    ...(path === undefined ? { host: host!, port } : { path }),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    // an address has no name to ask for
    ...(tls && { tls: { ...(!isIP(host!) && { servername: host! }), ...(tls.ca !== undefined && { ca: tls.ca }) } }),
    db,
    lazyConnect: true,
    keepAlive: 5000,
    connectTimeout: 5000,
    // soon again, and never too rarely: a server that comes back is wanted
    retryStrategy: (times) => Math.min(times * 100, 1000),
  };
}

/** A connection that was tried once, also for the right to run scripts, of which BullMQ is made. @throws CLUSTER_UNREACHABLE, CLUSTER_DENIED, CLUSTER_TLS */
export async function connected(redis: Redis, address: QueueAddress): Promise<Redis> {
  let last: unknown;
  redis.on("error", (error: unknown) => {
    last = error;
  });
  try {
    await redis.connect();
    await redis.eval("return 1", 0);
    return redis;
  } catch (error) {
    redis.disconnect();
    throw queueProblem(last ?? error, address);
  }
}

/** What an error of the server or of the way to it means to the user. */
export function queueProblem(error: unknown, { name, tls, username }: QueueAddress): CoinageError {
  const text = reasonOf(error);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const user = username ?? "default";
  if (/WRONGPASS|NOAUTH|invalid username-password/i.test(text))
    return new CoinageError(
      "CLUSTER_DENIED",
      `The queue at ${name} refuses the user ${user}: ${/NOAUTH/.test(text) ? "it asks for a password" : text}`,
      {
        hint: "Set COINAGE_QUEUE_PASSWORD to the user's password, and name the user in the address: redis://USER@HOST.",
        cause: error,
      },
    );
  // within scripts each server has words of its own
  if (/NOPERM|ACL failure|can't (access|run)/.test(text))
    return new CoinageError("CLUSTER_DENIED", `The user ${user} of the queue at ${name} lacks a right: ${text}`, {
      hint: "coinage cluster acl prints the rights that are needed.",
      cause: error,
    });
  if (/MISCONF|OOM command/.test(text))
    return new CoinageError("CLUSTER_FULL", `The queue at ${name} takes nothing: ${text}`, {
      hint: "Its disk or its memory is full. Runs that are under way go on once there is room.",
      cause: error,
    });
  if (tls && /CERT|certificate|SSL|TLS/i.test(`${code} ${text}`))
    return new CoinageError("CLUSTER_TLS", `The certificate of ${name} is not accepted: ${text}`, {
      hint: /altnames/.test(text)
        ? "Use a name or address that it is for."
        : "Give the certificate of the authority that has signed it: --queue_ca FILE",
      cause: error,
    });
  const speech = tls ? "speaks TLS (rediss://) at this port" : "speaks no TLS (rediss://) at this port";
  return new CoinageError(
    "CLUSTER_UNREACHABLE",
    `The queue at ${name} cannot be reached: ${wayProblem(text) ?? code}`,
    {
      hint: `Check that a Redis or Valkey server runs there, that it ${speech}, and that this machine may reach it.`,
      cause: error,
    },
  );
}

/** What is wrong with the way to a server, in plain words. */
function wayProblem(text: string): string | undefined {
  if (/enableOfflineQueue|Connection is closed|Socket closed/i.test(text)) return "no connection";
  if (/Unknown RESP type|Protocol error/.test(text)) return "what answers is no Redis or Valkey server";
  return text || undefined;
}

/** What the server or the way to it says. A transaction that was discarded has its reasons in its commands. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const [first] = "previousErrors" in error ? (error.previousErrors as Error[]) : [];
  return first?.message ?? error.message;
}
