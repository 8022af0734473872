import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { arrayOf } from "../../src/array/index.ts";
import { RedisCoordinatorBoard } from "../../src/cluster/board/redis/coordinator.ts";
import { realClock } from "../../src/cluster/coordinator/clock.ts";
import { ClusterRunner } from "../../src/cluster/coordinator/runner.ts";
import { defaultPolicy } from "../../src/cluster/coordinator/schedule.ts";
import { WorkerRegistry } from "../../src/cluster/coordinator/worker-registry.ts";
import { queueAccess, RedisWorkerBoard, Seal } from "../../src/cluster/index.ts";
import { seededGenerators } from "../../src/diffusion/index.ts";
import type { MicroBatchRunner } from "../../src/training/index.ts";
import { localRunner } from "../../src/training/loop/micro-batches.ts";
import { idle, latents, numerics, positions, vectors, width } from "./idle.ts";

/** Times in milliseconds: typical ones, and the fastest tenth, in which other programs leave the machine alone. */
export interface Times {
  readonly usual: number;
  readonly quick: number;
}

/** Measures a step of `jobs` jobs whose networks compute nothing, shared with `count` worker processes and without sharing; a round trip to the server; and the bytes
 *  that the server holds at the end. */
export async function overhead(url: string, jobs: number, steps: number, count: number) {
  const { address } = queueAccess(url, {}, {});
  const of = { run: `overhead${jobs}`, incarnation: String(steps) };
  const board = await RedisCoordinatorBoard.open(address, of, jobs);
  const blobs = new Map<string, Uint8Array>();
  const runner = await ClusterRunner.open({
    ...{ board, of, manifest: "manifest", seal: new Seal("secret"), clock: realClock, policy: defaultPolicy },
    registry: new WorkerRegistry(),
    ...{
      name: "here",
      local: idle,
      takesJobs: false,
      isStopping: () => false,
      numerics,
      probeMs: 0,
      takesOtherNumerics: false,
      want: "usedRows",
    },
    storeBlob: (digest, bytes) => void blobs.set(digest, bytes),
    fetchBlob: async (digest) => blobs.get(digest)!,
    free: async () => {},
  });
  const script = fileURLToPath(new URL("./idle-worker.ts", import.meta.url));
  const workers = Array.from({ length: count }, () =>
    fork(script, [url, of.run, of.incarnation], {
      execArgv: ["--import", "tsx"],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    }),
  );
  await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once("message", resolve))));
  const generators = seededGenerators(1);
  const embeddings = [arrayOf([vectors, width], new Float32Array(vectors * width).fill(0.01))];
  // the words of a template around the new ones
  const ids = Array.from({ length: positions }, (_, i) =>
    i === 0 ? 49406 : i <= 5 ? 300 + i : i <= 9 ? 49402 + i : 49407,
  );
  const samples = {
    latents: arrayOf([1, 4, 64, 64], latents),
    tokenIds: [[[ids]]],
    priorLossWeights: [1],
  };
  const batches = async function* () {
    for (let i = 0; i < jobs; i++) yield samples;
  };
  const stepsOf = (one: MicroBatchRunner) => {
    let step = 0;
    return async () => {
      const inputs = { step: step++, embeddings, generators, accumulationSteps: jobs, lossScale: undefined };
      for await (const _ of one.run(inputs, batches()));
    };
  };
  const step = stepsOf(runner);
  // until workers know how many jobs a step has, and whether to fetch some ahead
  const warm = performance.now() + 2500;
  while (performance.now() < warm) await step();
  const shared = await timesOf(steps, step);
  const watch = await RedisWorkerBoard.open(address);
  const roundTrip = await timesOf(300, async () => void (await watch.heartbeatOf(of.run)));
  const { usedBytes } = await watch.serverInfo();
  await watch.close();
  await runner.close();
  for (const worker of workers) worker.kill("SIGKILL");
  // draws noise and computes weights, as the shared step does
  const local = await timesOf(Math.min(steps, 100), stepsOf(localRunner(idle)));
  return { shared, local, roundTrip, usedBytes };
}

async function timesOf(count: number, act: () => Promise<void>): Promise<Times> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    await act();
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  return { usual: times[count >> 1]!, quick: times[Math.floor(count / 10)]! };
}
