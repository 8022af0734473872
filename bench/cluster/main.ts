import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { conceptsFolder, tinySdFolder } from "../../src/assets/index.ts";
import { clusterSharing, queueAccess, RedisWorkerBoard } from "../../src/cluster/index.ts";
import { readTrainRequest } from "../../src/options/index.ts";
import { train } from "../../src/training/index.ts";
import { TestRedis, until } from "../../test/cluster/redis.ts";
import { overhead, type Times } from "./overhead.ts";

/** What sharing a run costs and gains: overhead of a step, the server's memory, efficiency with 1, 2 and 4 workers, each pinned to a core, on smaller machines with 2 against 1. */
const processors = os.availableParallelism();
const { model = "unknown processor" } = os.cpus()[0] ?? {};
console.log(`${processors} x ${model}, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`);

const redis = await TestRedis.start();
const folder = mkdtempSync(path.join(os.tmpdir(), "coinage-bench-cluster-"));
try {
  const text = ({ usual, quick }: Times) => `${usual.toFixed(1)} ms (quickest tenth ${quick.toFixed(1)})`;
  for (const workers of [1, 2])
    for (const [jobs, steps] of [
      [1, 300],
      [4, 300],
      [16, 200],
    ] as const) {
      const { shared, local, roundTrip } = await overhead(redis.url, jobs, steps, workers);
      const more = { usual: shared.usual - local.usual, quick: shared.quick - local.quick };
      console.log(
        `a step of ${jobs} jobs whose networks compute nothing, ${workers} workers: ${text(shared)} shared, ${text(local)} without: ${text(more)} more, target ${(15 + 0.7 * jobs).toFixed(1)}; a round trip takes ${roundTrip.usual.toFixed(2)} ms`,
      );
    }
  const { usedBytes } = await overhead(redis.url, 4, 2000, 2);
  console.log(`the server's memory after 2,000 steps of 4 jobs: ${(usedBytes / 1e6).toFixed(1)} MB (target: below 32)`);
  let single: number | undefined;
  for (const workers of [1, 2, 4]) {
    const rate = await samplesPerSecond(workers);
    single ??= rate;
    const cores = Math.min(workers, processors);
    const efficiency = Math.round((100 * rate) / single / cores);
    console.log(
      `${workers} workers on ${cores} cores: ${rate.toFixed(2)} samples/s, efficiency ${efficiency} % by core`,
    );
  }
} finally {
  await redis.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** Steady speed of the small model at 128 pixels, 8 micro-batches per step, computed only by workers. */
async function samplesPerSecond(count: number): Promise<number> {
  const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
  const words = ["worker", "--queue", redis.url, "--device", "cpu", "--threads", "1", "--cache", folder];
  const workers = Array.from({ length: count }, (_, core) =>
    spawn("taskset", ["-c", String(core % processors), process.execPath, "--import", "tsx", main, ...words], {
      stdio: "ignore",
    }),
  );
  const concept = path.join(conceptsFolder, "teal-checkered-ring");
  const request = await readTrainRequest(
    `--pretrained_model_name_or_path ${tinySdFolder} --image_dir ${concept} --resolution 128 --token_string vexla --init_word ring --learning_rate 1e-2 --max_train_steps 40 --gradient_accumulation_steps 8 --train_batch_size 1 --dataset_repeats 10 --cache_latents --seed 1 --threads 1 --device cpu --output_dir ${folder} --output_name bench --overwrite --no_cluster_local --queue ${redis.url}`.split(
      " ",
    ),
  );
  if (request.kind !== "train") throw new Error("these flags do not train");
  const access = queueAccess(redis.url, {}, {});
  const watch = await RedisWorkerBoard.open(access.address);
  const times: number[] = [];
  for await (const event of train(request, { sharing: clusterSharing(access, "0.1.0") })) {
    if (event.kind !== "step") continue;
    if (event.step === 2)
      await until(async () => (await watch.workers()).filter(({ state }) => state === "ready").length === count);
    if (event.step >= 10) times.push(performance.now());
  }
  await watch.close();
  for (const worker of workers) worker.kill("SIGKILL");
  await Promise.all(workers.map((worker) => new Promise((resolve) => worker.on("exit", resolve))));
  return (8 * (times.length - 1) * 1000) / (times.at(-1)! - times[0]!);
}
