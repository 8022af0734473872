import { parentPort, workerData } from "node:worker_threads";
import { campaign } from "./campaign.ts";
import { removeScratch, targets } from "./targets/index.ts";

/** Executes a part of a campaign. `progress` holds the current number, for the thread that ends a worker that hangs. */
const { name, seed, from, to, progress } = workerData as {
  name: string;
  seed: number;
  from: number;
  to: number;
  progress: BigInt64Array;
};
const target = targets.find((candidate) => candidate.name === name)!;
const began = (number: number) => Atomics.store(progress, 0, BigInt(number));
for await (const finding of campaign(target, { seed, from, to, began })) parentPort?.postMessage(finding);
removeScratch();
