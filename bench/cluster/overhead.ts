import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { arrayOf } from "../../src/array/index.ts";
import { RedisCoordinatorBoard } from "../../src/cluster/board/redis/coordinator.ts";
import { realClock } from "../../src/cluster/coordinator/clock.ts";
import { ClusterRunner } from "../../src/cluster/coordinator/runner.ts";
import { usualPolicy } from "../../src/cluster/coordinator/schedule.ts";
import { queueAccess, RedisWorkerBoard, Seal } from "../../src/cluster/index.ts";
import { seededGenerators } from "../../src/diffusion/index.ts";
import type { MicroBatchRunner } from "../../src/training/index.ts";
import { localRunner } from "../../src/training/loop/micro-batches.ts";
import { idle, latents, numerics, positions, vectors, width } from "./idle.ts";

/** Time in milliseconds of a step of so many jobs whose networks compute nothing, shared with two worker processes and without sharing; and the server's
 *  memory at its end. */
export async function overhead(url: string, jobs: number, steps: number) {
  const { address } = queueAccess(url, {}, {});
  const of = { run: `overhead${jobs}`, incarnation: String(steps) };
  const board = await RedisCoordinatorBoard.open(address, of, jobs);
  const blobs = new Map<string, Uint8Array>();
  const runner = await ClusterRunner.open({
    ...{ board, of, manifest: "manifest", seal: new Seal("secret"), clock: realClock, policy: usualPolicy },
    ...{
      name: "here",
      local: idle,
      isServing: false,
      isStopping: () => false,
      numerics,
      takesOthers: false,
      want: "usedRows",
    },
    keep: (digest, bytes) => void blobs.set(digest, bytes),
    fetch: async (digest) => blobs.get(digest)!,
    free: async () => {},
  });
  const script = fileURLToPath(new URL("./idle-worker.ts", import.meta.url));
  const workers = ["a", "b"].map(() =>
    fork(script, [url, of.run, of.incarnation], {
      execArgv: ["--import", "tsx"],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    }),
  );
  await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once("message", resolve))));
  const generators = seededGenerators(1);
  const embeddings = [arrayOf([vectors, width], new Float32Array(vectors * width).fill(0.01))];
  // some template's words around the new ones
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
  const median = async (one: MicroBatchRunner, count: number) => {
    const times: number[] = [];
    for (let step = 0; step < count; step++) {
      const start = performance.now();
      const inputs = { step, embeddings, generators, accumulationSteps: jobs, lossScale: undefined };
      for await (const _ of one.run(inputs, batches()));
      times.push(performance.now() - start);
    }
    return times.sort((a, b) => a - b)[times.length >> 1]!;
  };
  const shared = await median(runner, steps);
  const watch = await RedisWorkerBoard.open(address);
  const { usedBytes } = await watch.facts();
  await watch.close();
  await runner.close();
  for (const worker of workers) worker.kill("SIGKILL");
  // noise and weights are computed there, too
  const local = await median(localRunner(idle), Math.min(steps, 100));
  return { shared, local, usedBytes };
}
