import { expect, test } from "vitest";
import { TurnedClock } from "../../../test/turned-clock.ts";
import { MemoryBoard } from "../board/memory.ts";
import { Watchdog, WatchedConsumer } from "./watchdog.ts";

/** Its verdicts at checks in a row. */
const checksOf = (dog: Watchdog, waiting: number, count: number) =>
  Array.from({ length: count }, () => dog.check(waiting));

test("a worker that gets no jobs though some wait reconnects, and gives up where that does not help", () => {
  const dog = new Watchdog();
  expect(checksOf(dog, 0, 20)).not.toContain("reconnect");
  expect(checksOf(dog, 3, 16)).toEqual(
    ["reconnect", "reconnect", "reconnect", "stuck"].flatMap((last) => ["fine", "fine", "fine", last]),
  );
});

test("a worker that is at a job, or has had one since, is fine", async () => {
  const dog = new Watchdog();
  checksOf(dog, 3, 8);
  let finish = () => {};
  const job = dog.track(
    () =>
      new Promise<void>((resolve) => {
        finish = resolve;
      }),
  );
  expect(checksOf(dog, 3, 20)).not.toContain("reconnect");
  finish();
  await job;
  expect(checksOf(dog, 3, 4)).toEqual(["fine", "fine", "fine", "reconnect"]);
  // reconnects are counted from the start again
  expect(checksOf(dog, 3, 12).filter((verdict) => verdict === "stuck")).toHaveLength(1);
});

test("a worker whose connection is dead gets jobs over a new one", async () => {
  const of = { run: "run", incarnation: "now" };
  const board = new MemoryBoard(new TurnedClock());
  let opened = 0;
  let forced = 0;
  const real = board.worker();
  const dead = { close: async (isForced?: boolean) => void (isForced && forced++), isPaused: () => false };
  const serve: typeof real.consume = async (...all) => (++opened < 3 ? dead : real.consume(...all));
  const coordinator = board.coordinator(of);
  const answers: string[] = [];
  coordinator.listen((event) => void (event.kind === "answered" && answers.push(event.body)));
  await coordinator.publish([{ id: "s0-0-1", body: "a job" }], false);
  const consumer = await WatchedConsumer.open(
    { ...real, consume: serve },
    of,
    "w",
    async (body) => `${body}, computed`,
  );
  const said: string[] = [];
  while (answers.length === 0) expect(await consumer.check((text) => void said.push(text))).toBe("fine");
  expect(answers).toEqual(["a job, computed"]);
  expect({ opened, forced, said: said.length }).toEqual({ opened: 3, forced: 2, said: 2 });
  await consumer.close();
});
