import { expect, test } from "vitest";
import { CoinageError } from "../errors/index.ts";
import { inTurns, mapReportingAll, workAhead } from "./concurrency.ts";

test("work runs only so far ahead of what is consumed", async () => {
  const started: number[] = [];
  const results = workAhead([0, 1, 2, 3, 4, 5], 2, async (item) => {
    started.push(item);
    return item * 10;
  });
  expect((await results.next()).value).toBe(0);
  expect(started).toEqual([0, 1, 2]);
  expect((await results.next()).value).toBe(10);
  expect(started).toEqual([0, 1, 2, 3]);
  await results.return(undefined);
  expect(started).toEqual([0, 1, 2, 3]);
});

test("a failure in work done ahead is reported when its turn comes", async () => {
  const results = workAhead([0, 1], 1, async (item) => {
    if (item === 1) throw new Error("one");
    return item;
  });
  expect((await results.next()).value).toBe(0);
  await expect(results.next()).rejects.toThrow("one");
});

test("only so many tasks run at once, and failures free their slot", async () => {
  const inTurn = inTurns(2);
  let [running, most] = [0, 0];
  const work = (fails: boolean) => async () => {
    most = Math.max(most, ++running);
    await new Promise(setImmediate);
    running--;
    if (fails) throw new Error("no");
  };
  await Promise.allSettled([true, false, true, false, false, false].map((fails) => inTurn(work(fails))));
  expect([most, running]).toEqual([2, 0]);
});

test("one error reports all mistakes; a bug ends the work at once", async () => {
  const mistake = (item: number) => new CoinageError("CAPTION_UNREADABLE", `caption ${item}`, { hint: "mend it" });
  const refuse = async (item: number) => {
    if (item % 2 === 1) throw mistake(item);
    return item;
  };
  expect(await mapReportingAll([0, 2, 4], 2, String, refuse)).toEqual([0, 2, 4]);
  await expect(mapReportingAll([0, 1, 2], 2, String, refuse)).rejects.toMatchObject({ message: "caption 1" });
  await expect(mapReportingAll([0, 1, 2, 3, 5], 2, (count) => `${count} captions`, refuse)).rejects.toMatchObject({
    code: "CAPTION_UNREADABLE",
    message: "3 captions",
    where: "caption 1\n  caption 3\n  caption 5",
    hint: "mend it",
  });
  const many = Array.from({ length: 61 }, (_, i) => i);
  await expect(mapReportingAll(many, 2, String, refuse)).rejects.toMatchObject({
    where: expect.stringMatching(/caption 39\n {2}and 10 more$/),
  });
  await expect(
    mapReportingAll([1], 2, String, async () => {
      throw new TypeError("a defect");
    }),
  ).rejects.toThrow(TypeError);
});
