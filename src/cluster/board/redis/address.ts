import { readFileSync, statSync } from "node:fs";
import { CoinageError } from "../../../errors/index.ts";

/** The address of a queue's server, and credentials for it. */
export interface QueueAddress {
  /** Without secrets, for messages. */
  readonly name: string;
  readonly host: string | undefined;
  readonly port: number;
  /** A Unix socket in place of host and port. */
  readonly path: string | undefined;
  readonly db: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly tls: { readonly ca: string | undefined } | undefined;
  /** Only this machine can reach it. */
  readonly isLocal: boolean;
}

/** What a coordinator or worker needs to use a queue. */
export interface QueueAccess {
  readonly address: QueueAddress;
  /** Key of the signatures of messages. */
  readonly secret: string | undefined;
}

const example =
  "For example: --queue redis://192.168.1.10:6379, rediss://coinage@host:6380 or unix:///run/redis/redis.sock";

/** Reads the address of a queue. Password and secret come from the environment: COINAGE_QUEUE_PASSWORD and COINAGE_CLUSTER_SECRET, or, with _FILE appended to the
 *  name, from a file that only its owner can read. ca: file with the certificate of the authority that signed the server's.
 *  @throws USAGE, CLUSTER_INSECURE, FILE_NOT_FOUND */
export function queueAccess(
  url: string,
  { ca, isInsecure = false }: { readonly ca?: string | undefined; readonly isInsecure?: boolean },
  environment: NodeJS.ProcessEnv,
): QueueAccess {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !["redis:", "rediss:", "unix:"].includes(parsed.protocol))
    throw new CoinageError("USAGE", `"${url}" is not the address of a queue.`, { where: "--queue", hint: example });
  if (parsed.password !== "")
    throw new CoinageError("CLUSTER_INSECURE", "A password in --queue can be read by every user of this machine.", {
      where: "--queue",
      hint: "Leave it out and set COINAGE_QUEUE_PASSWORD, or COINAGE_QUEUE_PASSWORD_FILE with the name of a file that holds it.",
    });
  if (ca !== undefined && parsed.protocol !== "rediss:")
    throw new CoinageError("USAGE", `A certificate is of use with TLS only, and "${url}" is an address without it.`, {
      where: "--queue, --queue_ca",
      hint: "Begin the address with rediss://, or leave --queue_ca out.",
    });
  const isSocket = parsed.protocol === "unix:";
  const host = parsed.hostname.replace(/^\[|\]$/g, "") || "127.0.0.1";
  const isLocal = isSocket || host === "localhost" || host === "::1" || /^127\./.test(host);
  const password = secretOf("COINAGE_QUEUE_PASSWORD", environment);
  const secret = secretOf("COINAGE_CLUSTER_SECRET", environment);
  if (!isLocal && !isInsecure) requireSecrets({ password, secret });
  return {
    secret,
    address: {
      name: `${parsed.protocol}//${isSocket ? parsed.pathname : parsed.host}`,
      host: isSocket ? undefined : host,
      port: Number(parsed.port || 6379),
      path: isSocket ? decodeURIComponent(parsed.pathname) : undefined,
      db: isSocket ? 0 : Number(parsed.pathname.slice(1) || 0),
      username: decodeURIComponent(parsed.username) || undefined,
      password,
      tls: parsed.protocol === "rediss:" ? { ca: ca === undefined ? undefined : readCa(ca) } : undefined,
      isLocal,
    },
  };
}

function requireSecrets({
  password,
  secret,
}: {
  readonly password?: string | undefined;
  readonly secret?: string | undefined;
}) {
  const missing = [
    ...(password === undefined ? ["COINAGE_QUEUE_PASSWORD"] : []),
    ...(secret === undefined ? ["COINAGE_CLUSTER_SECRET"] : []),
  ];
  if (missing.length === 0) return;
  throw new CoinageError(
    "CLUSTER_INSECURE",
    "Other machines reach this queue, so it needs a password, and messages need a secret to be signed with.",
    {
      where: "--queue",
      hint: `Set ${missing.join(" and ")} in the environment, or with _FILE at the end the name of a file, the same on all machines (openssl rand -hex 32 makes one). In a network that you trust, --queue_insecure does without.`,
    },
  );
}

function secretOf(name: string, environment: NodeJS.ProcessEnv): string | undefined {
  const file = environment[`${name}_FILE`];
  if (file === undefined || file === "") return environment[name] || undefined;
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found) throw new CoinageError("FILE_NOT_FOUND", `${file} does not exist.`, { where: `${name}_FILE` });
  if (!found.isFile())
    throw new CoinageError("FILE_UNREADABLE", `${file} is no regular file.`, {
      where: `${name}_FILE`,
      hint: "It takes the name of a file that holds one line: the password or secret.",
    });
  if (process.platform !== "win32" && (found.mode & 0o077) !== 0)
    throw new CoinageError("CLUSTER_INSECURE", `Other users can read ${file}.`, {
      where: `${name}_FILE`,
      hint: `chmod 600 ${file}`,
    });
  const text = readFileSync(file, "utf8").trim();
  if (text !== "") return text;
  throw new CoinageError("CLUSTER_INSECURE", `${file} is empty.`, {
    where: `${name}_FILE`,
    hint: `openssl rand -hex 32 > ${file}`,
  });
}

function readCa(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new CoinageError("FILE_NOT_FOUND", `${file} cannot be read.`, { where: "--queue_ca", cause });
  }
  if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
  throw new CoinageError("CLUSTER_TLS", `${file} is not a certificate in PEM format.`, {
    where: "--queue_ca",
    hint: "It begins with -----BEGIN CERTIFICATE-----, and is the authority's, not the server's key.",
  });
}
