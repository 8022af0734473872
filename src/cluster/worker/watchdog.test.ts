import { expect, test } from "vitest";
import { Watchdog } from "./watchdog.ts";

/** What it says at looks in a row. */
const looksAt = (dog: Watchdog, waiting: number, count: number) =>
  Array.from({ length: count }, () => dog.look(waiting));

test("a worker that gets no jobs though some wait connects anew, and gives up where that does not help", () => {
  const dog = new Watchdog();
  expect(looksAt(dog, 0, 20)).not.toContain("renew");
  expect(looksAt(dog, 3, 16)).toEqual(
    ["renew", "renew", "renew", "stuck"].flatMap((last) => ["fine", "fine", "fine", last]),
  );
});

test("a worker that is at a job, or has had one since, is fine", async () => {
  const dog = new Watchdog();
  looksAt(dog, 3, 8);
  let finish = () => {};
  const job = dog.during(
    () =>
      new Promise<void>((resolve) => {
        finish = resolve;
      }),
  );
  expect(looksAt(dog, 3, 20)).not.toContain("renew");
  finish();
  await job;
  expect(looksAt(dog, 3, 4)).toEqual(["fine", "fine", "fine", "renew"]);
  // it counts its new connections anew
  expect(looksAt(dog, 3, 12).filter((verdict) => verdict === "stuck")).toHaveLength(1);
});
