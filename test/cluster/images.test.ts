import { writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { clusterSharing } from "../../src/cluster/coordinator/open.ts";
import { queueAccess, RedisWorkerBoard } from "../../src/cluster/index.ts";
import { encodingHere } from "../held-encoder.ts";
import { steps } from "./dice.ts";
import { fleet, told, version, type WorkerProcess } from "./fleet.ts";
import { until } from "./redis.ts";

const { redis, worker, train, work } = fleet();

const prompts = path.join(work, "prompts.txt");
// the first takes a while, in which its worker is killed; another worker then draws it, or this machine
writeFileSync(prompts, "a photo of vexla --w 128 --h 128 --s 60 --d 7\nvexla --w 64 --h 64 --s 4 --d 8\n");
const flags = ["--sample_prompts", prompts, "--sample_every_n_steps", "5", ...steps(15)];

test("workers are killed while they encode and while they draw: latents, vectors and images are those of a local run", {
  timeout: 300_000,
}, async () => {
  const [server, local] = await Promise.all([redis(), train(undefined, flags)]);
  expect([...local.images.keys()]).toHaveLength(6);
  const board = await RedisWorkerBoard.open(queueAccess(server.url, {}, {}).address);
  const workers: WorkerProcess[] = [worker(server.url, { clockHours: 3 })];
  let calls = 0;
  const drawing = async () => (await board.workers()).find(({ doing }) => doing?.kind === "sample");
  let killed: number | undefined;

  /** Kills a worker as soon as it draws, and starts another one. */
  const killOneThatDraws = async () => {
    await until(async () => {
      killed = (await drawing())?.pid;
      return killed !== undefined;
    }, "a worker that draws");
    await workers.find(({ process }) => process.pid === killed)!.kill();
    workers.push(worker(server.url));
  };
  let killing: Promise<void> | undefined;
  const during = async (event: { readonly kind: string; readonly step?: number }) => {
    if (event.kind !== "step") return;
    // presences are read once a second
    if (event.step === 4) await until(async () => (await board.workers()).some(({ draws }) => draws), "one that draws");
    if (event.step === 4) await new Promise((resolve) => setTimeout(resolve, 1500));
    if (event.step === 5) killing = killOneThatDraws();
    if (event.step === 6) await killing;
  };
  const shared = await train(server.url, flags, during, {}, (access) =>
    encodingHere(clusterSharing(access, version(), 0), (encode) => async (pictures) => {
      const found = await encode(pictures);
      // the first images show how long the others would take here; these are left to workers, one of which is killed
      if (calls++ !== 1) return found;
      await workers[0]!.says("ready");
      await workers[0]!.kill();
      workers.push(...[-9, 9].map((clockHours) => worker(server.url, { clockHours })));
      await Promise.all(workers.slice(1).map((one) => one.says("ready")));
      return found;
    }),
  );
  await board.close();
  expect(killed).toBeDefined();
  expect(shared.files).toEqual(local.files);
  expect(shared.images).toEqual(local.images);
  const drawn = told(shared, "sample").filter(({ by }) => by !== undefined);
  expect(drawn.length).toBeGreaterThan(0);
  expect(told(shared, "encoded").length).toBeGreaterThan(0);
  expect(told(shared, "workerRefused")).toEqual([]);
});
