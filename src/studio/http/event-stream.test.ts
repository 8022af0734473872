import { Hono } from "hono";
import { expect, test } from "vitest";
import { eventStream, type StreamMessage } from "./event-stream.ts";

/** A stream of numbers that records how many were taken, and whether it was left. */
function numbers({ most = Number.POSITIVE_INFINITY, isSilent = false } = {}) {
  const seen = { taken: 0, isLeft: false };
  const end = new AbortController();
  const app = new Hono();
  async function* messages(signal: AbortSignal): AsyncGenerator<StreamMessage> {
    const left = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    left.then(() => {
      seen.isLeft = true;
    });
    if (isSilent) await left;
    while (!signal.aborted && seen.taken < most) yield { id: String(++seen.taken), event: "number", data: seen.taken };
  }
  app.get("/", (c) => eventStream(c, messages, { end: end.signal, heartbeatMs: 20 }));
  return { seen, end, ask: (signal?: AbortSignal) => app.request("/", signal && { signal }) };
}

async function textOf(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  const { value } = await reader.read();
  return new TextDecoder().decode(value);
}

test("messages come as events with their ids, and the stream ends after the last", async () => {
  const answer = await numbers({ most: 2 }).ask();
  expect(answer.headers.get("content-type")).toContain("text/event-stream");
  const event = (id: number) => `id: ${id}\nevent: number\ndata: ${id}\n\n`;
  expect(await answer.text()).toBe(`retry: 1000\n\n${event(1)}${event(2)}`);
});

test("a silent stream says again and again that it is there", async () => {
  const reader = (await numbers({ isSilent: true }).ask()).body!.getReader();
  expect([await textOf(reader), await textOf(reader), await textOf(reader)]).toEqual([
    "retry: 1000\n\n",
    ": still here\n\n",
    ": still here\n\n",
  ]);
  await reader.cancel();
});

test("of a client that does not read no more is taken than fits", async () => {
  const { ask, seen } = numbers();
  const reader = (await ask()).body!.getReader();
  for (let i = 0; i < 10; i++) await textOf(reader);
  await new Promise((resolve) => setImmediate(resolve));
  expect(seen.taken).toBeLessThan(15);
  await reader.cancel();
});

test.each(["the body is cancelled", "the request is aborted", "the studio ends"])("it is left when %s", async (how) => {
  const { ask, seen, end } = numbers({ isSilent: true });
  const request = new AbortController();
  const reader = (await ask(request.signal)).body!.getReader();
  await textOf(reader);
  expect(seen.isLeft).toBe(false);
  if (how.startsWith("the body")) await reader.cancel();
  else (how.startsWith("the request") ? request : end).abort();
  await expect.poll(() => seen.isLeft).toBe(true);
  if (!how.startsWith("the body")) await expect.poll(async () => (await reader.read()).done).toBe(true);
});
