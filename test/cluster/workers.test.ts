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
    // in the middle of whatever it does by then
    setTimeout(() => void victim.kill(), roll(60));
    kills++;
    workers.push(worker(server.url));
  });
  expect(kills).toBe(wanted);
  expect(shared.files).toEqual(expected.files);
  // a killed worker costs the wait until its copy is overdue, and the start of another one, not the half minute after which the queue notices by itself
  expect((performance.now() - start) / 1000).toBeLessThan(wanted * 15);
  expect(told(shared, "reissued").length).toBeGreaterThan(0);
});

test("a worker that is stopped for 20 seconds is replaced; its late result is not taken", {
  timeout: 120_000,
}, async () => {
  const server = await redis();
  const [first, second] = [worker(server.url), worker(server.url)];
  let stopped: Promise<void> | undefined;
  const shared = await train(server.url, ["--no_cluster_local", ...steps(20)], async (event) => {
    if (event.kind === "step" && event.step === 2) await Promise.all([first.says("ready"), second.says("ready")]);
    if (event.kind !== "step" || event.step !== 4) return;
    first.process.kill("SIGSTOP");
    stopped = new Promise((resolve) =>
      setTimeout(() => {
        first.process.kill("SIGCONT");
        resolve();
      }, 20_000),
    );
  });
  await stopped;
  expect(shared.files).toEqual(local.files);
  // it goes on living, and leaves in order
  await first.says("is over");
});
