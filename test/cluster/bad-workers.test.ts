import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { digestOfFile } from "../../src/cluster/blobs/digests.ts";
import {
  BlobStore,
  longest,
  manifestSchema,
  QueueWorker,
  queueAccess,
  RedisWorkerBoard,
  Seal,
} from "../../src/cluster/index.ts";
import { jobSchema, type Result } from "../../src/cluster/protocol/job.ts";
import type { Manifest } from "../../src/cluster/protocol/manifest.ts";
import { computeJob, resultOf } from "../../src/cluster/worker/compute.ts";
import { openSession, type Session } from "../../src/cluster/worker/session.ts";
import { fleet, secret, shares, told, version } from "./fleet.ts";
import { until } from "./redis.ts";

const { redis, worker, train, work } = fleet();
const [server, local] = await Promise.all([redis(), train(undefined)]);
const seal = new Seal(secret);

const board = () => RedisWorkerBoard.open(queueAccess(server.url, {}, {}).address);
const blobs = () => new BlobStore({ folder: path.join(work, "own-blobs"), limitBytes: 1e9, models: [] });

/** The manifest of the current run. */
async function manifestOf(of: RedisWorkerBoard): Promise<Manifest> {
  let found: Manifest | undefined;
  await until(async () => {
    const [text] = await of.manifests();
    const opened = text === undefined ? undefined : seal.open(text, manifestSchema, longest.manifest);
    if (opened && "message" in opened && opened.message.kind === "steps") found = opened.message;
    return found !== undefined;
  }, "a run");
  return found!;
}

const floats = (count: number, value: number) =>
  Buffer.from(Float64Array.from({ length: count }, () => value).buffer).toString("base64");

const forger = new Seal("another secret");

/** Changes that bad workers make to a good result, by worker name. */
const spoils: Readonly<Record<string, (result: Result) => string>> = {
  "no-numbers": ({ gradients, ...result }) =>
    seal.sign({
      ...result,
      gradients: gradients.map((one) => ({
        ...one,
        double: { ...one.double, rows: floats(Buffer.from(one.double.rows, "base64").length / 8, Number.NaN) },
      })),
    }),
  "other-shape": ({ gradients, ...result }) =>
    seal.sign({ ...result, gradients: gradients.map((one) => ({ ...one, width: one.width + 1 })) }),
  "other-tokens": ({ gradients, ...result }) =>
    seal.sign({
      ...result,
      gradients: gradients.map((one) => ({
        ...one,
        single: { ...one.single, ids: Buffer.from(Buffer.from(one.single.ids, "base64").reverse()).toString("base64") },
      })),
    }),
  "other-vectors": (result) => seal.sign({ ...result, rowsHash: "0".repeat(64) }),
  "other-numerics": (result) => seal.sign({ ...result, numerics: "0".repeat(64) }),
  "other-micro-batch": (result) => seal.sign({ ...result, index: result.index + 1 }),
  "other-secret": (result) => forger.sign(result),
  "other-protocol": (result) => seal.sign({ ...result, v: 2 }),
};

/** Workers whose results cannot even be read, and so have no name. */
const nameless = ["other-secret", "other-protocol"];

test("workers whose results are wrong are refused by name, and the run ends in the same bytes", {
  timeout: 240_000,
}, async () => {
  const good = worker(server.url);
  const bad = await board();
  const consumers: Awaited<ReturnType<RedisWorkerBoard["consume"]>>[] = [];
  let session: Session | undefined;
  const long = ["--max_train_steps", "60"];
  const expected = await train(undefined, long);
  const shared = await train(server.url, ["--no_cluster_local", ...long], async (event) => {
    // once the run is going, so that the good worker has joined
    if (event.kind !== "step" || event.step !== 2) return;
    await good.says("ready");
    const manifest = await manifestOf(bad);
    const loaded = await openSession(manifest, { device: "cpu", threads: 1, blobs: blobs(), seal, say: () => {} });
    session = loaded;
    for (const [name, spoil] of Object.entries(spoils))
      consumers.push(
        await bad.consume(manifest, name, async (body) => {
          const found = seal.open(body, jobSchema, longest.job);
          if ("problem" in found) throw new Error(found.problem);
          const outcome = await computeJob(found.message, loaded.context, loaded.fetch);
          return spoil(resultOf(found.message, outcome, loaded.numerics.digest, name));
        }),
      );
  });
  for (const serving of consumers) await serving.close();
  await session?.runtime.close();
  await bad.close();
  expect(shared.files).toEqual(expected.files);
  const refusals = told(shared, "workerRefused");
  const refused = new Set(refusals.map(({ worker }) => worker));
  const reissued = told(shared, "reissued").map(({ why }) => why);
  expect(reissued).toContainEqual(expect.stringContaining("its result is refused: a wrong signature"));
  expect(reissued).toContainEqual(expect.stringContaining("speaks protocol 2"));
  expect([...refused].sort()).toEqual(
    Object.keys(spoils)
      .filter((name) => !nameless.includes(name))
      .sort(),
  );
  expect(refusals.map(({ why }) => why)).toContainEqual(expect.stringMatching(/; it is not used any more$/));
  const computed = [...shares(shared).keys()];
  expect(computed.filter((name) => name in spoils)).toEqual([]);
});

test("a worker with another secret takes no part and says why", async () => {
  const stranger = worker(server.url, { environment: { COINAGE_CLUSTER_SECRET: "another secret" } });
  const shared = await train(server.url, [], async (event) => {
    if (event.kind === "step" && event.step === 2) await stranger.says("COINAGE_CLUSTER_SECRET");
  });
  expect(shared.files).toEqual(local.files);
  expect([...shares(shared).keys()].every((name) => name.startsWith("coordinator"))).toBe(true);
});

test("a worker of another version takes no part and says which", async () => {
  const said: string[] = [];
  const stop = new AbortController();
  const other = await board();
  const options = { device: "cpu", threads: 1, blobs: blobs(), isOnce: false, signal: stop.signal } as const;
  const work = new QueueWorker({
    board: other,
    seal,
    ...options,
    coinage: "9.9",
    say: (text) => void said.push(text),
  }).run();
  const shared = await train(server.url, [], async (event) => {
    if (event.kind === "step" && event.step === 2)
      await until(() => said.some((text) => text.includes("this worker has 9.9")), "a refusal");
  });
  stop.abort();
  await work;
  await other.close();
  expect(shared.files).toEqual(local.files);
  expect(told(shared, "workerRefused").map(({ why }) => why)).toContainEqual(
    expect.stringContaining("this worker has 9.9"),
  );
});

test("a worker whose weights were altered after they were checked is found out by its numbers", async () => {
  // as with bad memory or a bad disk: the file is remembered with its old digest
  const [models, cache] = [path.join(work, "altered"), path.join(work, "altered-cache")];
  const source = path.resolve("assets/tiny-sd/unet");
  const name = readdirSync(source).find((file) => file.endsWith(".safetensors"))!;
  for (const folder of [models, cache]) mkdirSync(folder, { recursive: true });
  const file = path.join(models, name);
  copyFileSync(path.join(source, name), file);
  const digest = await digestOfFile(file);
  const bytes = readFileSync(file);
  for (let at = bytes.length >> 1; at < bytes.length; at++) bytes[at]! ^= 0x80;
  writeFileSync(file, bytes);
  const { size, mtimeMs, ino } = statSync(file);
  writeFileSync(path.join(cache, "hashes.json"), JSON.stringify({ [file]: { size, mtimeMs, ino, sha256: digest } }));
  const altered = worker(server.url, { words: ["--models", models, "--cache", cache] });
  const shared = await train(server.url, [], async (event) => {
    if (event.kind === "step" && event.step === 2) await altered.says("wrong weights");
    if (event.kind === "step" && event.step > 2) await new Promise((resolve) => setTimeout(resolve, 150));
  });
  expect(shared.files).toEqual(local.files);
  expect(told(shared, "workerRefused").map(({ why }) => why)).toContainEqual(expect.stringContaining("wrong weights"));
});

/** A worker in this process that builds the run's graph differently, so that it rounds differently, and that ends with its first run. */
async function otherNumerics(said: string[]) {
  const plain = await board();
  const other: RedisWorkerBoard = Object.create(plain, {
    manifests: {
      value: async () =>
        (await plain.manifests()).flatMap((text) => {
          const opened = seal.open(text, manifestSchema, longest.manifest);
          if ("problem" in opened || opened.message.kind !== "steps") return [];
          const { plan } = opened.message;
          return [
            seal.sign({
              ...opened.message,
              plan: { ...plan, withoutKernelCopies: !plan.withoutKernelCopies },
              graph: otherGraph,
            }),
          ];
        }),
    },
  });
  const stop = new AbortController();
  const running = new QueueWorker({
    ...{
      board: bound(plain, other),
      seal,
      device: "cpu",
      threads: 1,
      blobs: blobs(),
      isOnce: true,
      signal: stop.signal,
    },
    coinage: version().split(".").slice(0, 2).join("."),
    say: (text) => void said.push(text),
  }).run();
  return {
    running,
    stop: async () => {
      stop.abort();
      await running;
      await plain.close();
    },
  };
}

/** A board with some of its methods replaced. */
function bound(plain: RedisWorkerBoard, other: RedisWorkerBoard): RedisWorkerBoard {
  return new Proxy(plain, {
    get(target, key) {
      const method = key === "manifests" ? other.manifests : Reflect.get(target, key);
      return typeof method === "function" ? method.bind(target) : method;
    },
  });
}

let otherGraph = "0".repeat(64);

describe("a worker that rounds otherwise", () => {
  test("is not used by default, and says why; any uses it, and the vectors are near", async () => {
    const said: string[] = [];
    // the digest of the worker's own graph must be known: its first refusal states it
    const first = await otherNumerics(said);
    onTestFinished(() => first.stop());
    const same = await train(server.url, [], async (event) => {
      if (event.kind !== "step" || event.step !== 2) return;
      await until(() => said.some((text) => text.includes("The graph built here is")), "another graph");
      otherGraph = /built here is ([0-9a-f]{64})/.exec(said.join("\n"))![1]!;
    });
    expect(same.files).toEqual(local.files);

    const strict = await train(server.url, [], async (event) => {
      if (event.kind === "step" && event.step === 2)
        await until(
          () => said.some((text) => text.includes("computes other bits")),
          () => `a refusal: ${said}`,
        );
    });
    expect(strict.files).toEqual(local.files);
    expect([...shares(strict).keys()].every((name) => name.startsWith("coordinator"))).toBe(true);

    said.length = 0;
    const any = await train(server.url, ["--cluster_numerics", "any"], async (event) => {
      if (event.kind === "step" && event.step === 2) await until(() => said.includes("ready"), "the worker");
    });
    expect(shares(any).size).toBe(2);
    // the first run that has not refused it
    expect(await first.running).toBe("done");
    const [mine, theirs] = [any, local].map(({ files }) => files[0]!.subarray(-16 * 64));
    const values = (bytes: Buffer) => Array.from({ length: bytes.length >> 2 }, (_, i) => bytes.readFloatLE(4 * i));
    const differences = values(mine!).map((value, i) => Math.abs(value - values(theirs!)[i]!));
    expect(Math.max(...differences)).toBeLessThan(2e-3);
  });
});
