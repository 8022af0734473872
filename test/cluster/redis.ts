import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import os from "node:os";
import path from "node:path";
import { Redis } from "ioredis";
import { aclRules } from "../../src/cluster/index.ts";

/** The server's program: Redis or Valkey. @throws Error that says how to install one */
export function serverProgram(): string {
  const named = process.env.COINAGE_REDIS_SERVER;
  for (const name of named ? [named] : ["redis-server", "valkey-server"]) {
    try {
      execFileSync(name, ["--version"], { stdio: "ignore" });
      return name;
    } catch {}
  }
  throw new Error(
    `REDIS_MISSING  ${named ?? "redis-server or valkey-server"} is not there, and these tests need the real one: apt-get install redis-server, or set COINAGE_REDIS_SERVER.`,
  );
}

/** A user with all rights. */
const tester = "tester";

/** A server for tests, on a socket in its own folder. Its clients have no more rights than `coinage cluster acl` prints. */
export class TestRedis {
  readonly folder = mkdtempSync(path.join(os.tmpdir(), "coinage-redis-"));
  readonly socket = path.join(this.folder, "s");
  readonly url = `unix://${this.socket}`;
  readonly #words: readonly string[];
  #process: ChildProcess | undefined;

  static async start(...words: readonly string[]): Promise<TestRedis> {
    const redis = new TestRedis(words);
    await redis.start();
    return redis;
  }

  private constructor(words: readonly string[]) {
    this.#words = words;
  }

  /** Starts an empty server. */
  async start(): Promise<void> {
    const settings = [
      "--port",
      "0",
      "--unixsocket",
      this.socket,
      "--dir",
      this.folder,
      "--save",
      "",
      "--appendonly",
      "no",
    ];
    const users = ["--user", "default", "on", "nopass", ...aclRules, "--user", tester, "on", "nopass", "~*", "+@all"];
    const words = [...settings, ...users, "--maxmemory-policy", "noeviction", ...this.#words];
    this.#process = spawn(serverProgram(), words, { stdio: "ignore" });
    await until(() => answers(this.socket));
  }

  /** Kills the server (SIGKILL); it keeps nothing. */
  async kill(): Promise<void> {
    const ended = new Promise((resolve) => this.#process?.on("exit", resolve));
    this.#process?.kill("SIGKILL");
    await ended;
    rmSync(this.socket, { force: true });
  }

  /** A client with all rights. */
  client(): Redis {
    return new Redis({ path: this.socket, username: tester, password: "any" });
  }

  async stop(): Promise<void> {
    if (this.#process?.exitCode === null && this.#process.signalCode === null) await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function answers(socket: string): Promise<boolean> {
  if (!existsSync(socket)) return Promise.resolve(false);
  return new Promise((resolve) => {
    const probe = new Socket();
    const end = (isThere: boolean) => {
      probe.destroy();
      resolve(isThere);
    };
    probe.on("error", () => end(false));
    probe.connect(socket, () => end(true));
  });
}

/** Waits for a condition. @throws Error after a minute */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  what: string | (() => string) = "it",
): Promise<void> {
  const end = performance.now() + 60_000;
  while (!(await isSo())) {
    if (performance.now() > end)
      throw new Error(`${typeof what === "string" ? what : what()} has not come about within a minute`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
