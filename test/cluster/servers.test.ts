import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test, vi } from "vitest";
import type { TrainingEvent } from "../../src/training/index.ts";
import { printed } from "./command.ts";
import { dice, sized, steps } from "./dice.ts";
import { fleet, secret, shares, told } from "./fleet.ts";
import { type TestRedis, until } from "./redis.ts";

const { redis, worker, train, trainProcess, newOutput, filesOf } = fleet();

const kills = sized(3, 20);

/** Keys of queues that never expire. */
async function lastingKeys(client: ReturnType<TestRedis["client"]>): Promise<string[]> {
  const found = await client.keys("coinage:mb-*");
  const lasting = await Promise.all(found.map(async (key) => (await client.ttl(key)) === -1));
  return found.filter((_, i) => lasting[i]);
}

test("the coordinator is killed at random steps and resumed, also once what is left of it was removed: workers follow it", {
  timeout: sized(240_000, 2_400_000),
}, async () => {
  const server = await redis();
  const roll = dice(4);
  const outputDir = newOutput();
  const one = worker(server.url);
  // only the worker computes steps, so it has followed the run if there are any
  const every = ["--save_every_n_steps", "2", "--overwrite", "--no_cluster_local", ...steps(4 * kills + 8)];
  for (let kill = 0; kill < kills; kill++) {
    const state = newestState(outputDir);
    const words = [...every, ...(state ? ["--resume", state] : [])];
    const events = path.join(outputDir, `../events${kill}.jsonl`);
    const run = trainProcess(outputDir, server.url, [...words, "--events", events]);
    const target = 3 + 4 * kill + roll(3);
    await until(
      () => run.exitCode !== null || stepsIn(events).some((step) => step >= target),
      () => `step ${target}: ${run.output}`,
    );
    run.kill("SIGKILL");
    await until(() => run.exitCode !== null || run.signalCode !== null);
  }
  vi.stubEnv("COINAGE_CLUSTER_SECRET", secret);
  const client = server.client();
  // these keys expire half a minute after the coordinator's end
  await client.del(await client.keys("coinage:run:*"));
  expect(await printed("cluster", "--queue", server.url)).toMatch(
    /, its coordinator is gone: --resume takes it up, coinage cluster clean removes it/,
  );
  vi.stubEnv("COINAGE_CLUSTER_SECRET", "another secret");
  expect(await printed("cluster", "--queue", server.url)).toMatch(
    /^run vexla-\w+ is not understood: .* coordinator is gone/m,
  );
  expect(await printed("cluster", "clean", "--queue", server.url)).toMatch(/^removed vexla-\w+\n$/);
  vi.stubEnv("COINAGE_CLUSTER_SECRET", secret);
  // a worker is still running, and records the queue anew
  expect((await lastingKeys(client)).filter((key) => !key.endsWith(":meta"))).toEqual([]);
  const last = trainProcess(outputDir, server.url, [...every, "--resume", newestState(outputDir)!]);
  await until(
    () => last.exitCode !== null,
    () => `the end of the run: ${last.output}`,
  );
  expect(last.output).toContain("model saved");
  const expected = await train(undefined, every);
  expect(filesOf(outputDir)).toEqual(expected.files);
  // it records its queue anew until it learns that the run is over
  await one.leave();
  // nothing is left of the killed ones
  expect(await lastingKeys(client)).toEqual([]);
  client.disconnect();
});

function newestState(outputDir: string): string | undefined {
  const names = existsSync(outputDir) ? readdirSync(outputDir) : [];
  const newest = names
    .filter((name) => /-step\d+-state$/.test(name))
    .sort()
    .at(-1);
  return newest && path.join(outputDir, newest);
}

function stepsIn(file: string): number[] {
  if (!existsSync(file)) return [];
  return [...readFileSync(file, "utf8").matchAll(/"kind":"step","step":(\d+)/g)].map((match) => Number(match[1]));
}

test("the server is full, is killed and starts empty, pauses, and stays away for 20 seconds: the run goes on, a worker can leave meanwhile, and every other one takes jobs again", {
  timeout: sized(240_000, 600_000),
}, async () => {
  const server = await redis();
  const long = steps(120);
  const expected = await train(undefined, long);
  // a server first forgets the results of a worker whose clock is behind
  const workers = [8, -8].map((clockHours) => worker(server.url, { clockHours }));
  const leaver = worker(server.url);
  let left: Promise<void> | undefined;
  const ready = () => Promise.all([...workers, leaver].map((one) => one.says("ready")));
  const after = new Map<string, number>();
  let isBack = false;
  const back: Promise<void>[] = [];
  const away = async (milliseconds: number) => {
    await server.kill();
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    await server.start();
  };
  const setMemory = async (bytes: number) => {
    const client = server.client();
    await client.config("SET", "maxmemory", bytes);
    client.disconnect();
  };
  const isFull = ({ kind, ...event }: TrainingEvent) =>
    kind === "queueDown" && "why" in event && /accepts no jobs: .*maxmemory/.test(event.why);
  const shared = await train(server.url, long, async (event: TrainingEvent) => {
    if (isFull(event)) await setMemory(0);
    if (event.kind !== "step") return;
    if (event.step === 2) await ready();
    if (event.step === 3) await setMemory(1);
    if (event.step === 5) back.push(away(0));
    if (event.step === 10) {
      await Promise.all(back);
      const client = server.client();
      await client.client("PAUSE", 8000, "ALL");
      client.disconnect();
    }
    if (event.step === 15) {
      back.push(
        away(sized(20_000, 120_000)).then(() => {
          isBack = true;
        }),
      );
    }
    // a worker that leaves does not wait for the server
    if (event.step === 16) left = leaver.leave();
    // while the server is away this device computes the steps, long enough for a second event about it; the rest waits until it is back
    if (event.step > 15 && !isBack) await new Promise((resolve) => setTimeout(resolve, sized(300, 2000)));
    if (event.step === 60) await Promise.all([...back, left]);
    if (isBack) for (const { worker } of event.cluster!.results) after.set(worker, (after.get(worker) ?? 0) + 1);
    if (event.step > 60 && event.step < 118 && after.size < 3) await new Promise((resolve) => setTimeout(resolve, 200));
  });
  expect(shared.files).toEqual(expected.files);
  expect(told(shared, "queueDown").filter(isFull)).toHaveLength(1);
  expect(told(shared, "queueDown").length).toBeGreaterThanOrEqual(3);
  // repeated after a while
  expect(told(shared, "queueDown").some(({ seconds }) => seconds >= 10)).toBe(true);
  expect(told(shared, "queueBack").length).toBeGreaterThanOrEqual(3);
  const names = [...after.keys()].filter((name) => !name.startsWith("coordinator"));
  expect(names).toHaveLength(2);
  expect([...shares(shared).keys()].filter((name) => !name.includes(`-${leaver.process.pid}-`))).toHaveLength(3);
});
