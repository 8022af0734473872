import { expect, test } from "vitest";
import { RedisCoordinatorBoard } from "../../src/cluster/board/redis/coordinator.ts";
import { queueAccess, RedisWorkerBoard } from "../../src/cluster/index.ts";
import { fleet, shares, told } from "./fleet.ts";
import { until } from "./redis.ts";
import { Relay } from "./relay.ts";

const { redis, worker, train } = fleet();
const local = await train(undefined);

test("a network that delays, stalls, is cut in mid-frame and passes one direction alone costs time, and no bits", {
  timeout: 240_000,
}, async () => {
  const server = await redis();
  const [ours, theirs] = [await Relay.open(server.socket), await Relay.open(server.socket)];
  const one = worker(theirs.url);
  let isOver = false;
  const after = new Map<string, number>();
  const later = (milliseconds: number, what: () => void) => setTimeout(what, milliseconds);
  const shared = await train(ours.url, ["--max_train_steps", "60"], async (event) => {
    if (event.kind !== "step") return;
    if (event.step === 2) await one.says("ready");
    if (event.step === 4) [ours.delayMs, theirs.delayMs] = [200, 200];
    if (event.step === 7) [ours.delayMs, theirs.delayMs] = [0, 0];
    // during a step
    if (event.step === 9) later(10, () => theirs.cut());
    if (event.step === 11) later(10, () => ours.cut());
    if (event.step === 13) {
      ours.isStalled = true;
      later(3000, () => {
        ours.isStalled = false;
      });
    }
    if (event.step === 15) {
      theirs.isDeafened = true;
      later(8000, () => {
        theirs.isDeafened = false;
        theirs.cut();
        isOver = true;
      });
    }
    if (event.step === 17) {
      ours.isDeafened = true;
      later(7000, () => {
        ours.isDeafened = false;
      });
    }
    if (isOver) for (const { worker } of event.cluster!.results) after.set(worker, (after.get(worker) ?? 0) + 1);
    if (event.step > 20 && event.step < 58 && after.size < 2) await new Promise((resolve) => setTimeout(resolve, 300));
  });
  const expected = await train(undefined, ["--max_train_steps", "60"]);
  expect(shared.files).toEqual(expected.files);
  expect(expected.files).not.toEqual(local.files);
  expect(told(shared, "queueDown").length).toBeGreaterThan(0);
  expect(shares(shared).size).toBe(2);
  // the worker takes jobs again
  expect(after.size).toBe(2);
});

test("over a slow way a worker fetches a job while it computes another one, and computes one at a time", async () => {
  const server = await redis();
  const way = await Relay.open(server.socket);
  way.delayMs = 25;
  const of = { run: "slow", incarnation: "way" };
  const board = await RedisCoordinatorBoard.open(queueAccess(server.url, {}, {}).address, of, 40);
  const worker = await RedisWorkerBoard.open(queueAccess(way.url, {}, {}).address);
  let [inHand, answered, computing] = [0, 0, 0];
  const most = { inHand: 0, computing: 0 };
  board.listen(({ kind }) => {
    if (kind === "taken") most.inHand = Math.max(most.inHand, ++inHand);
    if (kind !== "answered") return;
    inHand--;
    answered++;
  });
  const mostOf = async (jobsEach: number, step: number) => {
    Object.assign(most, { inHand: 0, computing: 0 });
    answered = 0;
    const compute = async (body: string) => {
      most.computing = Math.max(most.computing, ++computing);
      await new Promise((resolve) => setTimeout(resolve, 10));
      computing--;
      return body;
    };
    const consumer = await worker.consume(of, "w", compute, () => jobsEach);
    const jobs = Array.from({ length: 40 }, (_, index) => ({ id: `s${step}-${index}-1`, body: "{}" }));
    await board.publish(jobs, false);
    await until(
      () => answered === jobs.length,
      () => `${answered} answers`,
    );
    await consumer.close();
    return { ...most };
  };
  // a single job per step is not fetched ahead, which would only keep it from other workers
  expect(await mostOf(1, 1)).toEqual({ inHand: 1, computing: 1 });
  expect(await mostOf(8, 2)).toEqual({ inHand: 2, computing: 1 });
  await worker.close();
  await board.close(true);
});

test("results are heard of again over a new connection once the old ones are dead without a word", async () => {
  const server = await redis();
  const way = await Relay.open(server.socket);
  const of = { run: "silent", incarnation: "way" };
  const board = await RedisCoordinatorBoard.open(queueAccess(way.url, {}, {}).address, of, 1);
  const worker = await RedisWorkerBoard.open(queueAccess(server.url, {}, {}).address);
  const heard: string[] = [];
  board.listen((event) => void heard.push("id" in event ? `${event.kind} ${event.id}` : event.kind));
  const consumer = await worker.consume(of, "w", async (body) => body);
  const hears = async (id: string) => {
    await board.publish([{ id, body: "{}" }], false);
    await until(
      () => heard.includes(`answered ${id}`),
      () => `an answer: ${heard}`,
    );
  };
  await hears("s0-0-1");
  way.silence();
  await hears("s1-0-1");
  expect(heard).toContain("up");
  await consumer.close();
  await worker.close();
  await board.close(true);
});
