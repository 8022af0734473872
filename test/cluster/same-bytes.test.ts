import { describe, expect, test } from "vitest";
import { queueAccess, RedisWorkerBoard } from "../../src/cluster/index.ts";
import { fleet, shares, told, type WorkerProcess } from "./fleet.ts";
import { until } from "./redis.ts";

const { redis, worker, train } = fleet();
// a policy that causes a warning; nothing is evicted while there is room
const [server, local] = await Promise.all([redis("--maxmemory-policy", "volatile-lru"), train(undefined)]);

/** When the jobs still on the server were done, by the clocks of their workers. */
async function timesOfJobs(): Promise<number[]> {
  const client = server.client();
  const [done] = await client.keys("coinage:mb-*:completed");
  const times = (await client.zrange(done!, "0", "-1", "WITHSCORES")).filter((_, i) => i % 2 === 1);
  client.disconnect();
  return times.map(Number);
}

/** Clocks of workers, in hours ahead of the coordinator's. */
const clocks = [5, -30, 700, 0, -2];

describe("a shared run ends in the bytes of a local one", () => {
  test.each([1, 2, 5])("with %i workers whose clocks differ", async (count) => {
    const once = count === 1 ? ["--once"] : [];
    const workers = clocks.slice(0, count).map((clockHours) => worker(server.url, { words: once, clockHours }));
    // a worker that leaves while it loads
    const leaver = count === 2 ? worker(server.url) : undefined;
    const left = leaver?.says("(vexla").then(() => leaver.leave());
    let times: number[] = [];
    let idler: WorkerProcess | undefined;
    // this device takes part only in the first run: the workers do the others alone
    const shared = await train(server.url, count === 1 ? [] : ["--no_cluster_local"], async (event) => {
      if (event.kind !== "step") return;
      if (event.step === 2) await Promise.all(workers.map((one) => one.says("ready")));
      if (event.step === 3 && count === 1) {
        idler = worker(server.url, { words: ["--idle_exit", "2s"] });
        await idler.says("ready");
      }
      // presences are read once a second; and a worker that ends when idle is not idle while its run stands still
      if (event.step === 4) await new Promise((resolve) => setTimeout(resolve, count === 1 ? 2500 : 1500));
      if (event.step === 18) times = await timesOfJobs();
    });
    const over = performance.now();
    await Promise.all([...once.map(() => workers[0]!.ends()), idler?.ends()]);
    if (idler) expect(performance.now() - over).toBeGreaterThan(2000);
    if (idler) expect(idler.output).toMatch(/is over after [1-9]/);
    expect(shared.files).toEqual(local.files);
    const names = [...shares(shared).keys()];
    expect(names.filter((name) => !name.startsWith("coordinator")).length).toBeGreaterThanOrEqual(Math.min(count, 3));
    expect(names.some((name) => name.startsWith("coordinator"))).toBe(count === 1);
    expect(Math.max(...times) - Date.now()).toBeGreaterThan(4 * 3_600_000);
    expect(told(shared, "workerJoined").length).toBeGreaterThanOrEqual(count);
    expect(told(shared, "workerLeft")).toEqual([]);
    expect(told(shared, "workerRefused")).toEqual([]);
    expect(told(shared, "queueWarning")).toEqual([
      { kind: "queueWarning", why: expect.stringMatching(/^maxmemory-policy is volatile-lru;/) },
    ]);
    await left;
  });
});

test("workers go where most waits for them: two runs at a time have one each", async () => {
  const board = await RedisWorkerBoard.open(queueAccess(server.url, {}, {}).address);
  let arrived = 0;
  const runs = [0, 1].map(() =>
    train(server.url, ["--no_cluster_local"], async (event) => {
      if (event.kind !== "step" || event.step !== 3) return;
      arrived++;
      await until(() => arrived === 2, "the third step of the other run");
    }),
  );
  await until(async () => (await board.manifests()).length === 2, "both runs");
  const workers = [worker(server.url)];
  await workers[0]!.says("(vexla");
  workers.push(worker(server.url));
  const shared = await Promise.all(runs);
  await board.close();
  for (const { files } of shared) expect(files).toEqual(local.files);
  const firsts = shared.map(
    (run) =>
      new Set(
        told(run, "step")
          .slice(0, 3)
          .flatMap(({ cluster }) => cluster!.results.map(({ worker }) => worker)),
      ),
  );
  expect(firsts.map(({ size }) => size)).toEqual([1, 1]);
  expect(firsts[0]).not.toEqual(firsts[1]);
  // neither sees the other's workers
  for (const run of shared)
    expect(told(run, "workerJoined").map(({ worker }) => worker)).toEqual(
      [...shares(run).keys()].slice(0, told(run, "workerJoined").length),
    );
  await Promise.all(workers.map((one) => one.leave()));
});
