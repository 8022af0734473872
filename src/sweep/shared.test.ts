import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test, vi } from "vitest";
import { concept, subsetConfig, trainingFolder } from "../../test/training-run.ts";
import { tinySdFolder } from "../assets/index.ts";
import { BlobStore } from "../cluster/blobs/store.ts";
import { MemoryBoard } from "../cluster/board/memory.ts";
import { realClock } from "../cluster/coordinator/clock.ts";
import { Seal } from "../cluster/protocol/signed.ts";
import { QueueWorker } from "../cluster/worker/worker.ts";
import type { SweepEvent } from "./events.ts";
import { sweep } from "./run.ts";

const { work, write } = trainingFolder();

const dataset = write("images.toml", subsetConfig(concept).replace("128", "64"));
const file = write(
  "vectors.toml",
  `[train]
pretrained_model_name_or_path = ${JSON.stringify(tinySdFolder)}
dataset_config = ${JSON.stringify(dataset)}
token_string = "vexla"
init_word = "ring"
learning_rate = 2e-2
max_train_steps = 2
cache_latents = true
no_metadata = true
report_images = "none"
threads = 1
[axes]
num_vectors_per_token = [1, 2]
`,
);

async function swept(folder: string, words: readonly string[], board?: MemoryBoard, secret = "secret") {
  const queue = board && {
    openBoard: async (of: Parameters<MemoryBoard["coordinator"]>[0]) => ({
      ...board.coordinator(of),
      warnings: async () => ["it forgets jobs"],
    }),
    ...{ seal: new Seal(secret), isLocal: true },
  };
  const options = { signal: new AbortController().signal, version: "1.2.3", queueOf: () => queue };
  const events: SweepEvent[] = [];
  for await (const event of sweep(file, ["--output_dir", path.join(work, folder), ...words], options))
    events.push(event);
  const table = events.at(-1);
  if (table?.kind !== "table") throw new Error("the sweep has no table");
  const warnings = events.flatMap((event) => (event.kind === "warning" ? [event.message] : []));
  return { ...table, warnings };
}

test("a worker alone trains whole runs to the bytes of this machine, and nothing of it stays there", async () => {
  const temporary = path.join(work, "temporary");
  mkdirSync(temporary);
  vi.stubEnv("TMPDIR", temporary);
  const laidOut = () => readdirSync(temporary).filter((name) => name.startsWith("coinage-runs-"));
  const board = new MemoryBoard(realClock);
  const stop = new AbortController();
  const seen = new Set<number>();
  const worker = new QueueWorker({
    ...{ board: board.worker(), seal: new Seal("secret"), device: "cpu", threads: undefined, coinage: "1.2" },
    ...{ isOnce: false, signal: stop.signal, say: () => void seen.add(laidOut().length) },
    blobs: new BlobStore({ folder: path.join(work, "blobs"), limitBytes: 1e9, models: [] }),
  }).run();
  const shared = await swept("shared", ["--no_cluster_local", "--cluster_numerics", "same"], board);
  stop.abort();
  expect(await worker).toBe("stopped");
  expect(seen).toContain(1);
  expect(laidOut()).toEqual([]);
  expect(shared.isComplete).toBe(true);
  expect(shared.warnings).toEqual(["the queue: it forgets jobs"]);
  expect(shared.rows.every(({ result }) => result?.by?.worker !== undefined)).toBe(true);
  const local = await swept("local", ["--no_cluster_local"]);
  for (const { run, result } of local.rows) {
    const bytes = (folder: string) => readFileSync(path.join(work, folder, run.name, result!.file!));
    expect(bytes("shared")).toEqual(bytes("local"));
    const report = readFileSync(path.join(work, "shared", run.name, "vexla.report.json"), "utf8");
    expect(JSON.parse(report).model.source).toBe(tinySdFolder);
    expect(report).not.toContain("@worker");
  }
});

test("an axis that workers could not follow is refused before anything is given out", async () => {
  const devices = write("devices.toml", `${readFileSync(file, "utf8")}threads = [1, 2]\n`.replace("threads = 1\n", ""));
  const queueOf = () => ({
    ...{ seal: new Seal("secret"), isLocal: true },
    openBoard: async () => {
      throw new Error("the queue was opened");
    },
  });
  const options = { signal: new AbortController().signal, version: "1.2.3", queueOf };
  const all = async () => {
    for await (const event of sweep(devices, ["--output_dir", path.join(work, "devices")], options))
      expect(event.kind).not.toBe("begin");
  };
  await expect(all()).rejects.toMatchObject({ code: "SWEEP_INVALID" });
});
