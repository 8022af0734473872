import { CoinageError } from "../../errors/index.ts";
import { sha256 } from "../protocol/signed.ts";
import type { BlobSource } from "./store.ts";

/** Attempts to bring something, and the pause between them in milliseconds: the coordinator's machine may be busy. */
const [attempts, pauseMs] = [5, 2000];

/** Brings what has come of a job to the coordinator. name: for people. @throws CLUSTER_WEIGHTS */
export async function deliverBytes(
  job: string,
  bytes: Uint8Array,
  name: string,
  { urls, token }: BlobSource,
): Promise<{ readonly sha256: string; readonly bytes: number }> {
  const digest = sha256(bytes);
  let problem = "no address";
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    for (const url of urls) {
      try {
        const response = await fetch(`${url}/delivery/${job}/${digest}`, {
          method: "PUT",
          headers: { authorization: `Bearer ${token}` },
          body: bytes as Uint8Array<ArrayBuffer>,
          redirect: "error",
          signal: AbortSignal.timeout(300_000),
        });
        await response.body?.cancel();
        if (response.ok) return { sha256: digest, bytes: bytes.length };
        problem = `${url} answers ${response.status}`;
      } catch (error) {
        problem = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
      }
    }
  }
  throw undelivered(name, problem);
}

export function undelivered(name: string, why: string): CoinageError {
  return new CoinageError("CLUSTER_WEIGHTS", `${name} cannot be brought to the coordinator: ${why}.`);
}
