import { CoinageError } from "../../errors/index.ts";
import { sha256 } from "../protocol/signed.ts";
import { askSource, type BlobSource } from "./source.ts";

/** Attempts to bring something, and the pause between them in milliseconds: the coordinator's machine may be busy. */
const [attempts, pauseMs] = [5, 2000];

/** Brings what has come of a job to the coordinator. name: for people. @throws CLUSTER_WEIGHTS */
export async function deliverBytes(
  job: string,
  bytes: Uint8Array,
  name: string,
  source: BlobSource,
): Promise<{ readonly sha256: string; readonly bytes: number }> {
  const digest = sha256(bytes);
  const asking = { method: "PUT", body: bytes as Uint8Array<ArrayBuffer>, timeoutMs: 300_000 } as const;
  let problem = "";
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    const said = await askSource(source, `delivery/${job}/${digest}`, asking);
    if ("problem" in said) {
      problem = said.problem;
      continue;
    }
    await said.response.body?.cancel();
    return { sha256: digest, bytes: bytes.length };
  }
  throw undelivered(name, problem);
}

export function undelivered(name: string, why: string): CoinageError {
  return new CoinageError("CLUSTER_WEIGHTS", `${name} cannot be brought to the coordinator: ${why}.`);
}
