import { Budget, limits, requireWithin } from "../budget/index.ts";
import type { Hub } from "./access.ts";
import { brokenConnection, oddAnswer, refusedRequest, stalledAnswer, unreachable } from "./problems.ts";

/** Bytes that must arrive within the patience; a shorter answer must arrive completely. */
export const leastProgressBytes = 16 * 1024;

/** Status of an answer to a request for a range beyond the end of a file. */
const endsBefore = 416;

/** An answer to be read: its status is 2xx or `endsBefore`. */
interface Answer {
  readonly response: Response;
  /** Ends the connection. */
  readonly controller: AbortController;
}

/** A `fetch` for @huggingface/hub that the hub cannot abuse. Credentials go only to the hub's own origin, whatever its redirects and links; answers, pages and time are limited.
 *  It throws coded errors, also for every status that is not 2xx. */
export function hubFetch(hub: Hub): typeof fetch {
  const refusal = { code: "HUB_FAILED", subject: `What ${hub.access.url} says of ${hub.id.name}` } as const;
  const pages = new Budget("hubPages", refusal);
  const bytes = new Budget("hubAnswer", refusal);
  return async (input, init) => {
    pages.spend(1);
    const { response, controller } = await send(hub, new URL(String(input)), new Headers(init?.headers));
    // A limit even if data keep arriving: an answer of this kind is small.
    const timer = setTimeout(() => controller.abort(), 10 * hub.patienceMs);
    try {
      const chunks: Uint8Array[] = [];
      for await (const chunk of chunksOf(hub, { response, controller })) {
        bytes.spend(chunk.length);
        chunks.push(chunk);
      }
      return new Response(Buffer.concat(chunks), { status: response.status, headers: response.headers });
    } finally {
      clearTimeout(timer);
    }
  };
}

/** The bytes of a file from an offset on. @throws HUB_OFFLINE, HUB_NOT_FOUND, HUB_DENIED, HUB_FAILED */
export async function* readRemoteFile(hub: Hub, address: string, from: number): AsyncGenerator<Uint8Array> {
  const range = from > 0 ? { range: `bytes=${from}-` } : {};
  const answer = await send(hub, new URL(address), new Headers({ "accept-encoding": "identity", ...range }));
  if (answer.response.status === endsBefore) return answer.controller.abort();
  // A server that does not support ranges sends the whole file.
  let skipped = answer.response.status === 206 ? from : 0;
  for await (const chunk of chunksOf(hub, answer)) {
    const rest = chunk.subarray(Math.min(chunk.length, from - skipped));
    skipped += chunk.length - rest.length;
    if (rest.length > 0) yield rest;
  }
}

/** Sends a request and follows redirects. */
async function send(hub: Hub, address: URL, headers: Headers): Promise<Answer> {
  const { origin, authorization, url } = hub.access;
  const refusal = { code: "HUB_FAILED", subject: `${url}, asked for ${hub.id.name},` } as const;
  let [target, isHub] = [address, true];
  let isSecure = new URL(url).protocol === "https:";
  for (let redirects = 0; ; redirects++) {
    requireWithin("hubRedirects", redirects, refusal);
    if (isSecure && target.protocol !== "https:")
      throw oddAnswer(hub, `it redirects from https to ${target.protocol}//`);
    if (!/^https?:$/.test(target.protocol)) throw oddAnswer(hub, `it redirects to ${target.protocol}`);
    // After a visit to another origin, credentials are not sent again: it may have chosen the address.
    isHub &&= target.origin === origin;
    isSecure = target.protocol === "https:";
    headers.delete("authorization");
    if (isHub && authorization !== undefined) headers.set("authorization", authorization);
    const answer = await open(hub, target, headers);
    const { status, ok, headers: answered } = answer.response;
    if (ok || status === endsBefore) return answer;
    const location = answered.get("location");
    if (![301, 302, 303, 307, 308].includes(status) || location === null) {
      const text = await beginningOf(hub, answer);
      throw refusedRequest(hub, status, text);
    }
    answer.controller.abort();
    if (!URL.canParse(location, target.href)) throw oddAnswer(hub, "it redirects to an invalid address");
    target = new URL(location, target);
    [target.username, target.password] = ["", ""];
  }
}

/** Waits for the beginning of an answer. */
async function open(hub: Hub, target: URL, headers: Headers): Promise<Answer> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), hub.patienceMs);
  try {
    const response = await fetch(target.href, { headers, redirect: "manual", signal: controller.signal });
    return { response, controller };
  } catch (cause) {
    throw controller.signal.aborted ? stalledAnswer(hub, 0) : unreachable(hub, cause);
  } finally {
    clearTimeout(timer);
  }
}

/** The body of an answer, as long as data keep arriving; the connection is closed if the consumer stops. */
async function* chunksOf(hub: Hub, { response, controller }: Answer): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  let [total, recent, leftMs] = [0, 0, hub.patienceMs];
  try {
    for (;;) {
      const start = performance.now();
      const timer = setTimeout(() => controller.abort(), leftMs);
      const { done, value } = (await reader?.read().finally(() => clearTimeout(timer))) ?? { done: true };
      if (done) return;
      total += value.length;
      recent += value.length;
      // The consumer's time does not count against the hub.
      leftMs -= performance.now() - start;
      if (recent >= leastProgressBytes) [recent, leftMs] = [0, hub.patienceMs];
      yield value;
    }
  } catch (cause) {
    throw controller.signal.aborted ? stalledAnswer(hub, total) : brokenConnection(hub, total, cause);
  } finally {
    controller.abort();
  }
}

/** The beginning of an answer, for a message. */
async function beginningOf(hub: Hub, answer: Answer): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  try {
    for await (const chunk of chunksOf(hub, answer)) {
      text += decoder.decode(chunk.subarray(0, limits.hubMessage.max), { stream: true });
      if (text.length >= limits.hubMessage.max) break;
    }
  } catch {
    // the text so far
  }
  return text.slice(0, limits.hubMessage.max);
}
