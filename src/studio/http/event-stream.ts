import type { Context } from "hono";

/** One message of a stream. */
export interface StreamMessage {
  /** What `Last-Event-ID` resumes from; one without does not move it. */
  readonly id?: string;
  readonly event: string;
  readonly data: unknown;
}

/** How often something is sent on a silent stream, so that proxies keep it and a gone client is noticed. In milliseconds. */
const usualHeartbeatMs = 15_000;

/** What a page waits before it connects again, in milliseconds. */
const retryMs = 1000;

/** Messages as server-sent events. One is taken only when the client has room for it, so a slow one costs no memory.
 *  messages: gets a signal, and ends when it is aborted: by the client's leaving, in whichever way that is noticed first, or by the studio's end. */
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
  // proxies that gather answers are told not to
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

/** JSON has no line ends, so one line of data will do. Source: WHATWG HTML, 9.2 Server-sent events. */
function textOf({ id, event, data }: StreamMessage): string {
  return `${id === undefined ? "" : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
