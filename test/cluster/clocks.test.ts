import { expect, onTestFinished, test, vi } from "vitest";
import { RedisCoordinatorBoard } from "../../src/cluster/board/redis/coordinator.ts";
import { queueAccess, RedisWorkerBoard } from "../../src/cluster/index.ts";
import { fleet } from "./fleet.ts";
import { until } from "./redis.ts";

const { redis } = fleet();

test("a job that is long under way when the clock is set back stays with its worker", async () => {
  const server = await redis();
  const { address } = queueAccess(server.url, {}, {});
  const of = { run: "run", incarnation: "now" };
  const board = await RedisCoordinatorBoard.open(address, of, 1);
  const heard: string[] = [];
  board.listen(({ kind }) => void heard.push(kind));
  const workers = await Promise.all([0, 1].map(() => RedisWorkerBoard.open(address)));
  vi.useFakeTimers({ toFake: ["Date"] });
  onTestFinished(() => void vi.useRealTimers());
  const begun: string[] = [];
  const compute = (name: string) => async () => {
    if (begun.push(name) === 1) vi.setSystemTime(Date.now() - 3_600_000);
    // longer than the lock lasts, and until others have checked twice whether it is renewed
    await new Promise((resolve) => setTimeout(resolve, 27_000));
    return name;
  };
  const consumers = await Promise.all(workers.map((worker, i) => worker.consume(of, `w${i}`, compute(`w${i}`))));
  await board.publish([{ id: "s0-0-1", body: "{}" }], false);
  await until(
    () => heard.includes("answered"),
    () => `an answer: ${heard}`,
  );
  for (const serving of consumers) await serving.close();
  for (const worker of workers) await worker.close();
  await board.close(true);
  expect(begun).toHaveLength(1);
  expect(heard).toEqual(["taken", "answered"]);
});
