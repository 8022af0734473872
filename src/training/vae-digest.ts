import { createHash } from "node:crypto";
import { bytesOf } from "../array/index.ts";
import { type Component, readStoredArray } from "../checkpoint/index.ts";

/** A digest of everything in a VAE that encodes pictures, to the last number: what tells cached latents of one VAE from those of another. */
export function encoderDigest({ tensors }: Component): string {
  const hash = createHash("sha256");
  const names = [...tensors.keys()].filter((name) => /^(encoder|quant_conv)\./.test(name)).sort();
  for (const name of names) {
    const { dtype, data } = readStoredArray(tensors.get(name)!);
    hash.update(`${name} ${dtype} ${data.length}\n`);
    hash.update(bytesOf(data));
  }
  return hash.digest("hex");
}
