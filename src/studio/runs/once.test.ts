import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { Hono } from "hono";
import { afterAll, expect, test } from "vitest";
import { CoinageError } from "../../errors/index.ts";
import { answerProblem } from "../http/problems.ts";
import { Once } from "./once.ts";

const work = mkdtempSync(path.join(os.tmpdir(), "coinage-once-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** A studio that does work, and answers with its result and the number of times it was done. */
function studioAt(file: string, work: (times: number) => Promise<unknown> = async () => {}) {
  const once = new Once(file);
  let times = 0;
  const app = new Hono().onError((error, c) => answerProblem(c, error));
  app.post("/:action", (c) =>
    once.do(c, async () => {
      const more = await work(++times);
      return { times, ...(more as object | undefined) };
    }),
  );
  const ask = async (key: string, action = "extend") =>
    (await app.request(`/${action}`, { method: "POST", headers: { "idempotency-key": key } })).json();
  return { ask, times: () => times };
}

test("what is asked again with the same key is done once and answered the same, also by the next studio", async () => {
  const file = path.join(work, "again.jsonl");
  const first = studioAt(file);
  expect(await Promise.all([first.ask("a"), first.ask("a")])).toEqual([{ times: 1 }, { times: 1 }]);
  expect(await first.ask("b")).toEqual({ times: 2 });
  const next = studioAt(file);
  expect([await next.ask("a"), await next.ask("b"), next.times()]).toEqual([{ times: 1 }, { times: 2 }, 0]);
  expect(await next.ask("a", "branch")).toEqual({ times: 1 });
});

test("what has failed is done when it is asked again, also by the next studio", async () => {
  const file = path.join(work, "failed.jsonl");
  const first = studioAt(file, async (times) => {
    if (times < 3) throw new CoinageError("RUN_BUSY", "no");
  });
  expect(await first.ask("a")).toMatchObject({ problem: { code: "RUN_BUSY" } });
  expect(await first.ask("a")).toMatchObject({ problem: { code: "RUN_BUSY" } });
  expect(await studioAt(file).ask("a")).toEqual({ times: 1 });
});

test("what a studio had begun when it was killed is not done again: nobody knows whether it is done", async () => {
  const file = path.join(work, "killed.jsonl");
  let begin = (): void => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const killed = studioAt(file, async () => {
    begin();
    await new Promise(() => {});
  });
  killed.ask("a");
  await begun;
  appendFileSync(file, '{"key":"torn');
  const next = studioAt(file);
  expect(await next.ask("a")).toMatchObject({ problem: { code: "ACTION_INTERRUPTED", hint: expect.any(String) } });
  expect(next.times()).toBe(0);
  expect(await next.ask("b")).toEqual({ times: 1 });
});

test("the last two hundred are remembered, so the file stays small", async () => {
  const file = path.join(work, "many.jsonl");
  const first = studioAt(file);
  for (let i = 0; i < 205; i++) await first.ask(String(i));
  const next = studioAt(file);
  expect([await next.ask("204"), await next.ask("5"), next.times()]).toEqual([{ times: 205 }, { times: 6 }, 0]);
  expect(await next.ask("4")).toEqual({ times: 1 });
  expect(readFileSync(file, "utf8").trim().split("\n").length).toBeLessThanOrEqual(202);
});

test("however long the answers are, the file stays small while the studio runs, and the newest answers are remembered", async () => {
  const file = path.join(work, "long.jsonl");
  const studio = studioAt(file, async () => ({ text: "x".repeat(500_000) }));
  for (let i = 0; i < 24; i++) {
    await studio.ask(String(i));
    expect(statSync(file).size).toBeLessThan(4_600_000);
  }
  expect([await studio.ask("23"), await studioAt(file).ask("23")]).toMatchObject([{ times: 24 }, { times: 24 }]);
  expect(await studio.ask("0")).toMatchObject({ times: 25 });
});
