import { readdirSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { RedisCoordinatorBoard } from "../../src/cluster/board/redis/coordinator.ts";
import { queueAccess, RedisWorkerBoard } from "../../src/cluster/index.ts";
import { sized } from "./dice.ts";
import { fleet } from "./fleet.ts";

const { redis } = fleet();
const of = { run: "run", incarnation: "now" };

test("the server's memory after 2,000 steps is under 32 MB", { timeout: sized(240_000, 1_200_000) }, async () => {
  const server = await redis();
  const { address } = queueAccess(server.url, {}, {});
  const [jobs, steps] = [4, sized(2000, 20_000)];
  const board = await RedisCoordinatorBoard.open(address, of, jobs);
  // as large as SD1.5's
  const [job, result] = ["j".repeat(20_000), "r".repeat(60_000)];
  const workers = await Promise.all(["a", "b"].map((name) => board.consume(name, async () => result)));
  let answered = 0;
  let wake = () => {};
  board.listen((event) => {
    if (event.kind === "answered" && ++answered % jobs === 0) wake();
  });
  for (let step = 0; step < steps; step++) {
    const done = new Promise<void>((resolve) => {
      wake = resolve;
    });
    await board.publish(
      Array.from({ length: jobs }, (_, index) => ({ id: `s${step}-${index}-1`, body: job })),
      false,
    );
    await done;
  }
  const watch = await RedisWorkerBoard.open(address);
  const { usedBytes } = await watch.serverInfo();
  for (const one of workers) await one.close();
  await board.close(true);
  await watch.close();
  expect(answered).toBe(jobs * steps);
  expect(usedBytes).toBeLessThan(32e6);
});

test("500 workers that join and leave leave nothing behind", { timeout: sized(120_000, 1_200_000) }, async () => {
  const server = await redis();
  const { address } = queueAccess(server.url, {}, {});
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc") as () => void;
  const held = () => {
    collectGarbage();
    return { descriptors: readdirSync("/proc/self/fd").length, bytes: process.memoryUsage().heapUsed };
  };
  const cycle = async (name: string) => {
    const board = await RedisWorkerBoard.open(address);
    await board.publishPresence({
      id: name,
      host: "h",
      pid: 1,
      device: "cpu",
      coinage: "0.1",
      state: "ready",
      jobs: 0,
      rate: 0,
    });
    const consumer = await board.consume(of, name, async () => "");
    await consumer.close();
    await board.removePresence(name);
    await board.close();
  };
  for (let i = 0; i < 50; i++) await cycle(`warm${i}`);
  const before = held();
  for (let i = 0; i < sized(500, 5000); i++) await cycle(`w${i}`);
  const after = held();
  expect(after.descriptors).toBeLessThanOrEqual(before.descriptors + 3);
  // a worker that stayed would hold some 100 KB; what is kept permanently grows by some 0.3 KB a cycle
  expect(after.bytes - before.bytes).toBeLessThan(10e6);
  const watch = await RedisWorkerBoard.open(address);
  expect(await watch.workers()).toEqual([]);
  await watch.close();
});
