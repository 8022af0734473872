import { queueAccess, RedisWorkerBoard, Seal } from "../../src/cluster/index.ts";
import { jobSchema, longest } from "../../src/cluster/protocol/job.ts";
import { computeJob, resultOf } from "../../src/cluster/worker/compute.ts";
import { idle, latents, numerics } from "./idle.ts";

/** A worker whose networks compute nothing, as a process; its arguments are URL, run and incarnation. */
const [url = "", run = "", incarnation = ""] = process.argv.slice(2);
const id = `idle-${process.pid}`;
const board = await RedisWorkerBoard.open(queueAccess(url, {}, {}).address);
const seal = new Seal("secret");
let jobsEach = 1;
const compute = async (body: string) => {
  const opened = seal.open(body, jobSchema, longest.job);
  if ("problem" in opened) throw new Error(opened.problem);
  const outcome = await computeJob(opened.message, idle, async () => new Uint8Array(latents.buffer));
  return seal.sign(resultOf(opened.message, outcome, numerics, id));
};
// as often as a worker does
setInterval(async () => {
  await board.publishPresence({
    ...{ id, host: "here", pid: process.pid, device: "none", coinage: "", jobs: 0, rate: 0 },
    ...{ state: "ready", run, incarnation },
  });
  jobsEach = (await board.heartbeatOf(run))?.jobsEach ?? 1;
}, 1000);
await board.consume({ run, incarnation }, id, compute, () => jobsEach);
process.send?.("ready");
