import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import path from "node:path";
import { Redis } from "ioredis";
import { describe, expect, onTestFinished, test } from "vitest";
import { RedisCoordinatorBoard } from "../../src/cluster/board/redis/coordinator.ts";
import { aclRules, queueAccess, RedisWorkerBoard } from "../../src/cluster/index.ts";
import { certificate } from "../certificate.ts";
import { printed } from "./command.ts";
import { fleet, shares, told } from "./fleet.ts";
import { until } from "./redis.ts";

const { redis, worker, train, work } = fleet();
const local = await train(undefined);

/** A port on which nobody listens. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

describe("a user with the rights that coinage cluster acl prints", async () => {
  const port = await freePort();
  const server = await redis("--port", String(port), "--bind", "127.0.0.1");
  const words = (await printed("cluster", "acl")).trim().replace("PASSWORD", "a password of the tests").split(" ");
  const at = words.findIndex((word) => word.startsWith(">"));
  const line = [...words.slice(0, at), ">a password of the tests", ...words.slice(at + 5)];
  const admin = server.client();
  await admin.call(line[0]!, ...line.slice(1));
  await admin.call("ACL", "SETUSER", "default", "off");
  admin.disconnect();
  const url = `redis://coinage@127.0.0.1:${port}`;
  const environment = { COINAGE_QUEUE_PASSWORD: "a password of the tests" };

  test("can train and work", async () => {
    const one = worker(url, { environment });
    const shared = await train(
      url,
      [],
      (event) => (event.kind === "step" && event.step === 2 ? one.says("ready") : undefined),
      environment,
    );
    expect(shared.files).toEqual(local.files);
    expect(shares(shared).size).toBe(2);
    expect(told(shared, "queueDown")).toEqual([]);
    await one.says("is over");
  });

  test("can do nothing else", async () => {
    const client = new Redis({
      port,
      host: "127.0.0.1",
      username: "coinage",
      password: environment.COINAGE_QUEUE_PASSWORD,
    });
    for (const command of [
      ["FLUSHALL"],
      ["CONFIG", "GET", "*"],
      ["KEYS", "*"],
      ["SHUTDOWN"],
      ["ACL", "LIST"],
      ["GET", "other:key"],
      ["SET", "other", "1"],
      ["PUBLISH", "other", "1"],
      ["EVAL", "return redis.call('get', 'other')", "0"],
    ])
      await expect(client.call(command[0]!, ...command.slice(1)), command.join(" ")).rejects.toThrow(
        /NOPERM|ACL failure|can't access/,
      );
    client.disconnect();
  });

  test.each([
    ["eval", "-@scripting", /'eval'/],
    ["hset", "-hset", /'hset'/],
    // only scripts need it, and Redis does not say which of their commands it was
    ["xadd", "-xadd", /'xadd'|can't run this command/],
    ["wait for jobs", "-@blocking", /'bzpopmin'/],
    ["wait for results", "-xread", /'xread'/],
  ])("without the right to %s is told so", async (_, taken, message) => {
    const admin = new Redis({ port, host: "127.0.0.1", username: "tester", password: "any" });
    await admin.call("ACL", "SETUSER", "narrow", "on", ">narrow", ...aclRules, taken);
    admin.disconnect();
    const access = queueAccess(url.replace("coinage", "narrow"), {}, { COINAGE_QUEUE_PASSWORD: "narrow" });
    const announcing = RedisCoordinatorBoard.open(access.address, { run: "r", incarnation: "i" }, 1).then((board) =>
      board
        .announce("manifest", { step: 0, excluded: [] })
        .then(() => board.publish([{ id: "s0-0-1", body: "" }], false))
        .finally(() => board.close(false)),
    );
    await expect(announcing).rejects.toMatchObject({
      code: "CLUSTER_DENIED",
      message: expect.stringMatching(message),
      hint: expect.stringContaining("coinage cluster acl"),
    });
  });

  test.each([
    ["another password", "coinage@", { COINAGE_QUEUE_PASSWORD: "another" }, /refuses the user coinage: WRONGPASS/],
    ["no password", "coinage@", {}, /refuses the user coinage: WRONGPASS/],
    ["neither name nor password", "", {}, /refuses the user default: it asks for a password/],
  ])("is refused with %s, and told so", async (_, user, environment, message) => {
    const { address } = queueAccess(url.replace("coinage@", user), {}, environment);
    await expect(RedisWorkerBoard.open(address)).rejects.toMatchObject({
      code: "CLUSTER_DENIED",
      message: expect.stringMatching(message),
      hint: expect.stringContaining("COINAGE_QUEUE_PASSWORD"),
    });
  });
});

describe("TLS", async () => {
  const port = await freePort();
  const [cert, key] = [path.join(work, "cert.pem"), path.join(work, "key.pem")];
  writeFileSync(cert, certificate.cert);
  writeFileSync(key, certificate.key);
  await redis(
    "--tls-port",
    String(port),
    "--tls-cert-file",
    cert,
    "--tls-key-file",
    key,
    "--tls-ca-cert-file",
    cert,
    "--tls-auth-clients",
    "no",
  );
  const url = `rediss://localhost:${port}`;

  test("with an authority of one's own carries a run", async () => {
    const one = worker(url, { words: ["--queue_ca", cert] });
    const shared = await train(url, ["--queue_ca", cert], (event) =>
      event.kind === "step" && event.step === 2 ? one.says("ready") : undefined,
    );
    expect(shared.files).toEqual(local.files);
    expect(shares(shared).size).toBe(2);
  });

  test("with an unknown authority, for another name, or spoken where it is not expected is a coded error", async () => {
    const opened = (address: string, ca?: string) => RedisWorkerBoard.open(queueAccess(address, { ca }, {}).address);
    const hint = (text: string) => expect.stringContaining(text);
    await expect(opened(url)).rejects.toMatchObject({ code: "CLUSTER_TLS", hint: hint("--queue_ca") });
    await expect(opened(`rediss://127.0.0.1:${port}`, cert)).rejects.toMatchObject({
      code: "CLUSTER_TLS",
      hint: hint("name or address"),
    });
    await expect(opened(`redis://localhost:${port}`)).rejects.toMatchObject({
      code: "CLUSTER_UNREACHABLE",
      hint: hint("rediss://"),
    });
    expect(() => queueAccess(url, { ca: key }, {})).toThrow(expect.objectContaining({ code: "CLUSTER_TLS" }));
  });
});

describe("an address", () => {
  const open = (url: string, environment: NodeJS.ProcessEnv = {}) => queueAccess(url, {}, environment);

  test.each([
    ["redis://192.168.1.10", {}, "CLUSTER_INSECURE", /COINAGE_QUEUE_PASSWORD and COINAGE_CLUSTER_SECRET/],
    ["redis://192.168.1.10", { COINAGE_QUEUE_PASSWORD: "x" }, "CLUSTER_INSECURE", /COINAGE_CLUSTER_SECRET/],
    ["redis://user:word@127.0.0.1", {}, "CLUSTER_INSECURE", /COINAGE_QUEUE_PASSWORD/],
    ["http://127.0.0.1", {}, "USAGE", /redis:\/\//],
    ["redis://127.0.0.1", { COINAGE_CLUSTER_SECRET_FILE: "/dev/null" }, "FILE_UNREADABLE", /name of a file/],
  ])("%s is refused", (url, environment, code, hint) => {
    expect(() => open(url, environment)).toThrow(expect.objectContaining({ code, hint: expect.stringMatching(hint) }));
  });

  test("of another kind of server is out of reach, and says so", async () => {
    const other = createHttpServer((_, response) => response.end("hello"));
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void other.close());
    const { address } = open(`redis://127.0.0.1:${(other.address() as { port: number }).port}`);
    await expect(RedisWorkerBoard.open(address)).rejects.toMatchObject({
      code: "CLUSTER_UNREACHABLE",
      message: expect.stringContaining("not a Redis or Valkey server"),
    });
  });

  test("of a server whose memory or disk is full says so", async () => {
    const disk = path.join(work, "disk");
    mkdirSync(disk);
    const [memory, unsaved] = await Promise.all([
      redis("--maxmemory", "1mb"),
      redis("--save", "3600 1", "--dir", disk),
    ]);
    rmSync(disk, { recursive: true });
    const client = unsaved.client();
    await client.bgsave();
    await until(async () => (await client.info("persistence")).includes("rdb_last_bgsave_status:err"), "a failed save");
    client.disconnect();
    for (const { url } of [memory, unsaved]) {
      const opened = RedisCoordinatorBoard.open(open(url).address, { run: "r", incarnation: "i" }, 1).then((board) =>
        board.announce("manifest", { step: 0, excluded: [] }).finally(() => board.close(false)),
      );
      await expect(opened).rejects.toMatchObject({ code: "CLUSTER_FULL", hint: expect.stringContaining("full") });
    }
  });

  test("takes its password from a file that only its owner can read", () => {
    const file = path.join(work, "password");
    writeFileSync(file, "of a file\n", { mode: 0o644 });
    const environment = { COINAGE_QUEUE_PASSWORD_FILE: file };
    const refused = expect.objectContaining({ code: "CLUSTER_INSECURE", hint: expect.stringContaining("chmod 600") });
    expect(() => open("redis://127.0.0.1", environment)).toThrow(refused);
    chmodSync(file, 0o600);
    expect(open("redis://127.0.0.1", environment).address.password).toBe("of a file");
  });

  test("of nobody is out of reach, and says so", async () => {
    const { address } = open(`redis://127.0.0.1:${await freePort()}`);
    await expect(RedisWorkerBoard.open(address)).rejects.toMatchObject({ code: "CLUSTER_UNREACHABLE" });
  });
});
