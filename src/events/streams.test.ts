import { expect, test } from "vitest";
import { unlessAborted, untilAborted } from "./streams.ts";

/** Counts to three; calls cleanUp however it ends. */
async function* counting(cleanUp: () => void): AsyncGenerator<number, string> {
  try {
    yield* [1, 2, 3];
    return "done";
  } finally {
    cleanUp();
  }
}

test.each([
  ["no signal", 0, [1, 2, 3], "done", 1],
  ["an abort at the second event", 2, [1, 2], undefined, 1],
  ["a signal aborted before the start", -1, [], undefined, 0],
])("%s: what a run gives, returns and cleans up", async (_, abortAt, events, result, cleanUps) => {
  const controller = new AbortController();
  if (abortAt < 0) controller.abort();
  let cleaned = 0;
  const run = unlessAborted(
    counting(() => cleaned++),
    abortAt === 0 ? undefined : controller.signal,
  );
  const seen: number[] = [];
  for (;;) {
    const { done, value } = await run.next();
    if (done) {
      expect(value).toBe(result);
      break;
    }
    seen.push(value);
    if (value === abortAt) controller.abort();
  }
  expect([seen, cleaned]).toEqual([events, cleanUps]);
});

test("an abort ends the wait for an item that never comes", async () => {
  const controller = new AbortController();
  const never = {
    [Symbol.asyncIterator]: () => ({ next: () => new Promise<IteratorResult<string>>(() => {}) }),
  };
  const items = untilAborted(never, controller.signal);
  const next = items.next();
  controller.abort();
  expect(await next).toEqual({ done: true, value: undefined });
});
