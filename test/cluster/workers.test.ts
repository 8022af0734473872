import { expect, test } from "vitest";
import { dice, sized, steps } from "./dice.ts";
import { fleet, told, type WorkerProcess } from "./fleet.ts";

const { redis, worker, train } = fleet();
const local = await train(undefined);

const wanted = sized(25, 250);

test(`workers are killed ${wanted} times at random moments, and new ones join`, {
  timeout: sized(480_000, 4_800_000),
}, async () => {
  const server = await redis();
  const total = 2 * wanted + 20;
  const long = steps(total);
  const [expected, roll] = [await train(undefined, long), dice(2)];
  const workers: WorkerProcess[] = [0, 1, 2].map(() => worker(server.url));
  let kills = 0;
  const start = performance.now();
  const shared = await train(server.url, ["--no_cluster_local", ...long], async (event) => {
    if (event.kind !== "step" || event.step < 4 || kills >= wanted) return;
    if (event.step === 4) await Promise.all(workers.map((one) => one.says("ready")));
    if (roll(10) < 3 && event.step < total / 2) return;
    const ready = workers.filter(({ output, end }) => output.includes("ready") && end === undefined);
    const victim = ready[roll(ready.length)];
    if (!victim) return;
    // at any point of its work
    setTimeout(() => void victim.kill(), roll(60));
    kills++;
    workers.push(worker(server.url));
  });
  expect(kills).toBe(wanted);
  expect(shared.files).toEqual(expected.files);
  // a killed worker costs the time until its copy is overdue, and the start of another one, not the half minute after which the queue notices by itself
  expect((performance.now() - start) / 1000).toBeLessThan(wanted * 15);
  expect(told(shared, "reissued").length).toBeGreaterThan(0);
});

test("a worker that is stopped for 20 seconds is replaced; its late result is not taken, and it takes jobs again", {
  timeout: 120_000,
}, async () => {
  const server = await redis();
  const [first, second] = [worker(server.url), worker(server.url)];
  let stopped: Promise<void> | undefined;
  let takesAgain = false;
  const isFirst = ({ worker }: { readonly worker: string }) => worker.includes(`-${first.process.pid}-`);
  const stop = async () => {
    first.process.kill("SIGSTOP");
    await new Promise((resolve) => setTimeout(resolve, 20_000));
    first.process.kill("SIGCONT");
  };
  const shared = await train(server.url, ["--no_cluster_local", ...steps(20)], async (event) => {
    if (event.kind !== "step") return;
    if (event.step === 2) await Promise.all([first.says("ready"), second.says("ready")]);
    // during a micro-batch
    if (event.step === 4)
      setTimeout(() => {
        stopped = stop();
      }, 20);
    if (event.step === 10) await stopped;
    if (event.step > 10) takesAgain ||= event.cluster!.results.some(isFirst);
    // the worker rests after a micro-batch was taken from it
    if (event.step > 10 && event.step < 19 && !takesAgain) await new Promise((resolve) => setTimeout(resolve, 2000));
  });
  expect(shared.files).toEqual(local.files);
  const meanwhile = told(shared, "step").filter(({ step }) => step > 5 && step <= 10);
  expect(meanwhile.flatMap(({ cluster }) => cluster!.results.filter(isFirst))).toEqual([]);
  expect(takesAgain).toBe(true);
  // it stays alive, and leaves cleanly
  await first.says("is over");
});
