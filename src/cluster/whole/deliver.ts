import { readFile } from "node:fs/promises";
import path from "node:path";
import type { BlobSource } from "../blobs/source.ts";
import { deliverBytes, undelivered } from "../blobs/source.ts";
import { type DeliveredFile, most } from "./protocol.ts";

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
    if (bytes.length > most.fileBytesOut) throw undelivered(name, `it has ${bytes.length} bytes`);
    delivered.push({ name, ...(await deliverBytes(job, bytes, name, source)) });
  }
  return delivered;
}
