import type { Context } from "hono";

/** One message of a stream. */
export interface StreamMessage {
  /** The position that `Last-Event-ID` resumes from; messages without an id do not move it. */
  readonly id?: string;
  readonly event: string;
  readonly data: unknown;
}

/** Interval of heartbeats on a silent stream, in milliseconds: they keep proxies from closing it and reveal that a client is gone. */
const usualHeartbeatMs = 15_000;

/** How long a page waits before it reconnects, in milliseconds. */
const retryMs = 1000;

/** Messages as server-sent events. Each is taken only when the client has room for it, so a slow client costs no memory.
 *  messages: ends when its signal is aborted, because the client has left or the studio ends. */
export function eventStream(
  c: Context,
  messages: (signal: AbortSignal) => AsyncIterable<StreamMessage>,
  { end, heartbeatMs = usualHeartbeatMs }: { readonly end: AbortSignal; readonly heartbeatMs?: number },
): Response {
  const left = new AbortController();
  const signal = AbortSignal.any([left.signal, end, c.req.raw.signal]);
  const iterator = messages(signal)[Symbol.asyncIterator]();
  const ended = new Promise<"ended">((resolve) =>
    signal.addEventListener("abort", () => resolve("ended"), { once: true }),
  );
  let next: Promise<IteratorResult<StreamMessage>> | undefined;
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(encoder.encode(`retry: ${retryMs}\n\n`)),
    async pull(controller) {
      next ??= iterator.next();
      const beat = alarm(heartbeatMs);
      const came = await Promise.race([next, beat.rings, ended]).finally(beat.stop);
      if (came === "beat") return controller.enqueue(encoder.encode(": still here\n\n"));
      next = undefined;
      if (came !== "ended" && !came.done) return controller.enqueue(encoder.encode(textOf(came.value)));
      left.abort();
      controller.close();
    },
    cancel: () => left.abort(),
  });
  c.header("Content-Type", "text/event-stream; charset=utf-8");
  // tells proxies not to buffer the answer
  c.header("X-Accel-Buffering", "no");
  return c.body(body);
}

function alarm(ms: number): { readonly rings: Promise<"beat">; readonly stop: () => void } {
  let timer: NodeJS.Timeout | undefined;
  const rings = new Promise<"beat">((resolve) => {
    timer = setTimeout(() => resolve("beat"), ms);
  });
  return { rings, stop: () => clearTimeout(timer) };
}

/** A message on the wire. JSON has no line ends, so one data line is enough. Source: WHATWG HTML, 9.2 Server-sent events. */
function textOf({ id, event, data }: StreamMessage): string {
  return `${id === undefined ? "" : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
