import { readFile } from "node:fs/promises";
import path from "node:path";
import { CoinageError } from "../../errors/index.ts";
import type { BlobSource } from "../blobs/store.ts";
import { sha256 } from "../protocol/signed.ts";
import { type DeliveredFile, most } from "./protocol.ts";

/** Attempts to bring a file, and the pause between them in milliseconds: the coordinator's machine may be busy. */
const [attempts, pauseMs] = [5, 2000];

/** Brings files of a folder to the coordinator. job: what they are for. @throws CLUSTER_WEIGHTS */
export async function deliver(
  job: string,
  folder: string,
  names: readonly string[],
  source: BlobSource,
): Promise<DeliveredFile[]> {
  const delivered: DeliveredFile[] = [];
  for (const name of names) {
    const bytes = await readFile(path.join(folder, name));
    const file = { name, sha256: sha256(bytes), bytes: bytes.length };
    if (bytes.length > most.fileBytesOut) throw undelivered(name, `it has ${bytes.length} bytes`);
    await put(`/delivery/${job}/${file.sha256}`, bytes, name, source);
    delivered.push(file);
  }
  return delivered;
}

async function put(
  place: string,
  bytes: Uint8Array<ArrayBuffer>,
  name: string,
  { urls, token }: BlobSource,
): Promise<void> {
  let problem = "no address";
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    for (const url of urls) {
      try {
        const response = await fetch(url + place, {
          method: "PUT",
          headers: { authorization: `Bearer ${token}` },
          body: bytes,
          redirect: "error",
          signal: AbortSignal.timeout(300_000),
        });
        await response.body?.cancel();
        if (response.ok) return;
        problem = `${url} answers ${response.status}`;
      } catch (error) {
        problem = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
      }
    }
  }
  throw undelivered(name, problem);
}

function undelivered(name: string, why: string): CoinageError {
  return new CoinageError("CLUSTER_WEIGHTS", `${name} cannot be brought to the coordinator: ${why}.`);
}
