import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { TurnedClock } from "../../../test/turned-clock.ts";
import { runtimeVersion } from "../../runtime/index.ts";
import { BlobStore } from "../blobs/store.ts";
import type { WorkerBoard } from "../board/board.ts";
import { MemoryBoard } from "../board/memory.ts";
import type { RunsManifest } from "../protocol/manifest.ts";
import { protocolVersion, Seal } from "../protocol/signed.ts";
import { QueueWorker, type WorkerEnd, type WorkerOptions } from "./worker.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "coinage-work-"));
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

const of = { run: "run", incarnation: "now" };
const seal = new Seal("secret");
const manifest: RunsManifest = {
  ...{ v: protocolVersion, kind: "runs", ...of, coinage: "1.2", runtime: runtimeVersion() },
  ...{ host: "desk", word: "vexla", steps: 1, threads: 1, blobs: { urls: ["http://192.168.1.10:1"], token: "" } },
};

/** How a worker ends whose time goes on as soon as it waits, and after how many seconds. */
async function ended(board: WorkerBoard, options: Partial<WorkerOptions>) {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"] });
  const start = performance.now();
  let end: WorkerEnd | undefined;
  const running = new QueueWorker({
    ...{ board, seal, device: "cpu", threads: 1, coinage: "1.2", isOnce: false, say: () => {} },
    ...{ signal: new AbortController().signal, blobs: new BlobStore({ folder, limitBytes: 1e9, models: [] }) },
    ...options,
  })
    .run()
    .then((how) => {
      end = how;
    });
  while (end === undefined) {
    await new Promise(setImmediate);
    await vi.advanceTimersByTimeAsync(100);
  }
  await running;
  return { end, seconds: (performance.now() - start) / 1000 };
}

test("a worker that no run wants ends after --idle_exit", async () => {
  const board = new MemoryBoard(new TurnedClock());
  const refusing = seal.sign({ ...manifest, coinage: "1.3" });
  await board.coordinator(of).announce(refusing, { step: 0, excluded: [] });
  const { end, seconds } = await ended(board.worker(), { idleMs: 600_000, isOnce: true });
  expect(end).toBe("idle");
  expect(seconds).toBeGreaterThan(600);
  expect(seconds).toBeLessThan(605);
});

test("a worker whose results were refused several times says so and takes no more jobs; with --once it ends", async () => {
  const board = new MemoryBoard(new TurnedClock());
  const coordinator = board.coordinator(of);
  await coordinator.announce(seal.sign(manifest), { step: 0, excluded: [] });
  const said: string[] = [];
  const say = (text: string) => {
    said.push(text);
    if (text === "ready") void refuse();
  };
  const refuse = async () => {
    const [worker] = await coordinator.workers();
    await coordinator.announce(seal.sign(manifest), { step: 0, excluded: [worker!.id] });
  };
  const { end } = await ended(board.worker(), { say, isOnce: true });
  expect(end).toBe("done");
  expect(said.at(-1)).toMatch(/^not used any more: several of its results/);
});

test("a worker that gets no jobs though some wait ends, so that it is started again", async () => {
  const board = new MemoryBoard(new TurnedClock());
  const coordinator = board.coordinator(of);
  await coordinator.announce(seal.sign(manifest), { step: 0, excluded: [] });
  await coordinator.publish([{ id: "r0-1", body: "{}" }], false);
  const dead = { close: async () => {}, isPaused: () => false };
  const { end } = await ended({ ...board.worker(), consume: async () => dead }, { idleMs: 60_000 });
  expect(end).toBe("stuck");
});

test("a worker says that it waits, that the queue is away and back, and that a run is over within some seconds of its end", async () => {
  const board = new MemoryBoard(new TurnedClock());
  const coordinator = board.coordinator(of);
  const worker = board.worker();
  const said: string[] = [];
  let [polls, endedAt, toldAt] = [0, 0, 0];
  const heartbeatOf: WorkerBoard["heartbeatOf"] = async (run) => {
    if (said.includes("ready") && [2, 3].includes(++polls)) throw new Error("no connection");
    if (polls === 6 && endedAt === 0) {
      endedAt = performance.now();
      await coordinator.close(true);
    }
    return worker.heartbeatOf(run);
  };
  const say = (text: string) => {
    said.push(text);
    toldAt = performance.now();
    if (text === "waiting for run run") void coordinator.announce(seal.sign(manifest), { step: 0, excluded: [] });
  };
  await ended({ ...worker, heartbeatOf }, { say, isOnce: true, run: "run" });
  expect(said).toEqual([
    ...[
      "waiting for run run",
      "run run (vexla, 1 runs, on desk)",
      "ready",
      "Error: no connection",
      "the queue is back",
    ],
    "run run is over after 0 runs here",
  ]);
  expect(toldAt - endedAt).toBeLessThan(5000);
});
