import { isIP } from "node:net";
import type * as BullMq from "bullmq";
import type { Redis, RedisOptions } from "ioredis";
import { CoinageError } from "../../../errors/index.ts";
import type { QueueAddress } from "./address.ts";

/** The packages that talk to a Redis server. They are optional dependencies: only shared runs need them. */
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
    throw new CoinageError("CLUSTER_PACKAGES", "The packages that talk to a queue are not installed.", {
      hint: "npm install bullmq@6.7.0 ioredis@6.0.0",
      cause,
    });
  }
}

type ClientOptions = Omit<RedisOptions, "replyMapping">;

/** Prefix of all keys in Redis. */
export const prefix = "coinage";

/** Options of a client for commands that return at once. They fail while the server cannot be reached, and a connection without an answer is closed. */
export function commandOptions(address: QueueAddress): ClientOptions {
  return { ...baseOptions(address), enableOfflineQueue: false, maxRetriesPerRequest: 1, socketTimeout: 5000 };
}

/** Options of a client for blocking commands: they are retried for ever. */
export function blockingOptions(address: QueueAddress): ClientOptions {
  return { ...baseOptions(address), maxRetriesPerRequest: null };
}

function baseOptions({ host, port, path, db, username, password, tls }: QueueAddress): ClientOptions {
  return {
    ...(path === undefined ? { host: host!, port } : { path }),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    // SNI takes host names only
    ...(tls && { tls: { ...(!isIP(host!) && { servername: host! }), ...(tls.ca !== undefined && { ca: tls.ca }) } }),
    db,
    lazyConnect: true,
    keepAlive: 5000,
    connectTimeout: 5000,
    // at least once a second: work resumes as soon as the server is back
    retryStrategy: (times) => Math.min(times * 100, 1000),
  };
}

/** Connects, and checks the rights that BullMQ needs outside of its scripts. @throws CLUSTER_UNREACHABLE, CLUSTER_DENIED, CLUSTER_TLS */
export async function connected(redis: Redis, address: QueueAddress): Promise<Redis> {
  let last: unknown;
  redis.on("error", (error: unknown) => {
    last = error;
  });
  try {
    await redis.connect();
    await checkRights(redis);
    return redis;
  } catch (error) {
    redis.disconnect();
    throw queueProblem(last ?? error, address);
  }
}

/** Runs a script, and waits for a job and for an event where there are none: without these rights BullMQ would wait for ever, and not say why. In a transaction
 *  nothing waits. */
async function checkRights(redis: Redis): Promise<void> {
  const nothing = `${prefix}:nothing`;
  const asking = redis.multi().eval("return 1", 0).bzpopmin(nothing, 1).xread("STREAMS", nothing, "0");
  // a server that is full can still be looked at
  await asking.exec().catch((error: unknown) => {
    if (!isFull(reasonOf(error))) throw error;
  });
}

/** An error of the server or the network as an error for the user. */
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
  // within scripts each server has its own wording
  if (/NOPERM|ACL failure|can't (access|run)/.test(text))
    return new CoinageError("CLUSTER_DENIED", `The user ${user} of the queue at ${name} lacks a right: ${text}`, {
      hint: "coinage cluster acl prints the rights that it needs.",
      cause: error,
    });
  if (isFull(text))
    return new CoinageError("CLUSTER_FULL", `The queue at ${name} accepts no jobs: ${text}`, {
      hint: "Its disk or its memory is full. Runs that are under way go on once there is room.",
      cause: error,
    });
  if (tls && /CERT|certificate|SSL|TLS/i.test(`${code} ${text}`))
    return new CoinageError("CLUSTER_TLS", `The certificate of ${name} is not accepted: ${text}`, {
      hint: /altnames/.test(text)
        ? "Use a name or address that the certificate is for."
        : "Give the certificate of the authority that signed it: --queue_ca FILE",
      cause: error,
    });
  const protocol = tls ? "speaks TLS (rediss://) at this port" : "speaks no TLS (rediss://) at this port";
  return new CoinageError(
    "CLUSTER_UNREACHABLE",
    `The queue at ${name} cannot be reached: ${networkProblem(text) ?? code}`,
    {
      hint: `Check that a Redis or Valkey server runs there, that it ${protocol}, and that this machine can reach it.`,
      cause: error,
    },
  );
}

function isFull(text: string): boolean {
  return /MISCONF|OOM command/.test(text);
}

/** What is wrong with a connection, in plain words. */
function networkProblem(text: string): string | undefined {
  if (/enableOfflineQueue|Connection is closed|Socket closed/i.test(text)) return "no connection";
  if (/Unknown RESP type|Protocol error/.test(text)) return "what answers is not a Redis or Valkey server";
  return text || undefined;
}

/** The text of an error. Of a discarded transaction the reason is in the errors of its commands. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const [first] = "previousErrors" in error ? (error.previousErrors as Error[]) : [];
  return first?.message ?? error.message;
}
