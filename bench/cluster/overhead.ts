import { arrayOf, type NdArray } from "../../src/array/index.ts";
import { RedisCoordinatorBoard } from "../../src/cluster/board/redis/coordinator.ts";
import { realClock } from "../../src/cluster/coordinator/clock.ts";
import { ClusterRunner } from "../../src/cluster/coordinator/runner.ts";
import { usualPolicy } from "../../src/cluster/coordinator/schedule.ts";
import { queueAccess, RedisWorkerBoard, Seal } from "../../src/cluster/index.ts";
import { noiseSchedule, seededGenerators } from "../../src/diffusion/index.ts";
import type { MicroBatchRunner, MicroStepContext } from "../../src/training/index.ts";
import { localRunner } from "../../src/training/loop/micro-batches.ts";

const [vectors, width, positions] = [4, 768, 77];

/** A micro-step of SD 1.5's sizes that computes nothing. */
const idle: MicroStepContext = {
  model: { family: "sd1" } as MicroStepContext["model"],
  schedule: noiseSchedule(),
  lossType: "l2",
  options: { predictionType: "epsilon", huberSchedule: "snr", huberC: 0.1, huberScale: 1 },
  program: {
    run: async (): Promise<Record<string, NdArray>> => ({
      lossSums: arrayOf([1], [1]),
      tokenGradients0: arrayOf([1, positions, width], new Float32Array(positions * width).fill(1e-3)),
    }),
  } as unknown as MicroStepContext["program"],
};

/** Time in milliseconds of a step of so many jobs whose networks compute nothing, shared with a worker in this process and without sharing; and the server's
 *  memory at its end. */
export async function overhead(url: string, jobs: number, steps: number) {
  const { address } = queueAccess(url, {}, {});
  const of = { run: `overhead${jobs}`, incarnation: String(steps) };
  const board = await RedisCoordinatorBoard.open(address, of, jobs);
  const blobs = new Map<string, Uint8Array>();
  const runner = await ClusterRunner.open({
    ...{ board, of, manifest: "manifest", seal: new Seal("secret"), clock: realClock, policy: usualPolicy },
    ...{ name: "here", local: idle, isServing: true, numerics: "0".repeat(64), takesOthers: false },
    keep: (digest, bytes) => void blobs.set(digest, bytes),
    fetch: async (digest) => blobs.get(digest)!,
    free: async () => {},
  });
  const generators = seededGenerators(1);
  const embeddings = [arrayOf([vectors, width], new Float32Array(vectors * width).fill(0.01))];
  // some template's words around the new ones
  const ids = Array.from({ length: positions }, (_, i) =>
    i === 0 ? 49406 : i <= 5 ? 300 + i : i <= 9 ? 49402 + i : 49407,
  );
  const samples = {
    latents: arrayOf([1, 4, 64, 64], new Float32Array(4 * 64 * 64).fill(0.5)),
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
  // noise and weights are computed there, too
  const local = await median(localRunner(idle), Math.min(steps, 100));
  return { shared, local, usedBytes };
}
