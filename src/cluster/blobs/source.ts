import { CoinageError } from "../../errors/index.ts";
import { sha256 } from "../protocol/signed.ts";

// The worker's side of blobs: requests to the coordinator's BlobServer.

/** A coordinator's BlobServer, as its manifest names it. */
export interface BlobSource {
  /** Its addresses, in order of preference. */
  readonly urls: readonly string[];
  readonly token: string;
}

/** A response, or why there is none. isBusy: the server answered 503, so a retry may succeed. */
type Reply = { readonly response: Response } | { readonly problem: string; readonly isBusy: boolean };

interface RequestOptions {
  readonly method?: "PUT";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** The address that answered last, tried first: a machine in several networks has addresses that are unreachable from here, and each costs a timeout. */
const lastAnswering = new WeakMap<BlobSource, string>();

/** Requests a resource from the coordinator, trying its addresses one after another. */
export async function requestFrom(
  source: BlobSource,
  resource: string,
  { timeoutMs, signal, headers, ...init }: RequestOptions,
): Promise<Reply> {
  const last = lastAnswering.get(source);
  const urls = last === undefined ? source.urls : [last, ...source.urls.filter((url) => url !== last)];
  let refusal: string | undefined;
  let failure: string | undefined;
  let isBusy = false;
  for (const url of urls) {
    try {
      const response = await fetch(`${url}/${resource}`, {
        ...init,
        headers: { ...headers, authorization: `Bearer ${source.token}` },
        redirect: "error",
        signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])]),
      });
      if (response.ok) {
        lastAnswering.set(source, url);
        return { response };
      }
      await response.body?.cancel();
      refusal ??= `${url} answers ${response.status}`;
      isBusy ||= response.status === 503;
    } catch (error) {
      // of the preferred address: others are often unreachable anyway
      failure ??= reasonOf(error);
    }
  }
  return { problem: refusal ?? failure ?? "no address", isBusy };
}

/** The reason of a failed fetch, which is in the error's cause. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

/** Attempts to deliver a file, and the pause between them in milliseconds: the coordinator's machine may be busy. */
const [attempts, pauseMs] = [5, 2000];

/** Delivers a file that a job has produced to the coordinator, and gives its digest and size. name: of the file in messages. @throws CLUSTER_WEIGHTS */
export async function deliverBytes(
  job: string,
  bytes: Uint8Array,
  name: string,
  source: BlobSource,
): Promise<{ readonly sha256: string; readonly bytes: number }> {
  const digest = sha256(bytes);
  const options = { method: "PUT", body: bytes as Uint8Array<ArrayBuffer>, timeoutMs: 300_000 } as const;
  let problem = "";
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    const reply = await requestFrom(source, `delivery/${job}/${digest}`, options);
    if ("problem" in reply) {
      problem = reply.problem;
      continue;
    }
    await reply.response.body?.cancel();
    return { sha256: digest, bytes: bytes.length };
  }
  throw undelivered(name, problem);
}

export function undelivered(name: string, why: string): CoinageError {
  return new CoinageError("CLUSTER_WEIGHTS", `${name} cannot be delivered to the coordinator: ${why}.`);
}
