import { createHash } from "node:crypto";

/** What tells that a JSON file and one of arrays beside it are as they were written: disks and copies lose bits now and then. */
interface Seal {
  /** Digest of the file of arrays. */
  readonly arrays: string;
  /** Digest of everything else in the JSON. */
  readonly checksum: string;
}

/** Adds the seal to what stands in the JSON. */
export function sealed<Content extends object>(content: Content, arrays: Uint8Array): Content & Seal {
  const whole = { ...content, arrays: digestOf(arrays) };
  return { ...whole, checksum: digestOf(JSON.stringify(whole)) };
}

/** @throws Error naming what has changed */
export function checkSeal({ checksum, ...content }: { readonly [key: string]: unknown }, arrays: Uint8Array): void {
  if (digestOf(JSON.stringify(content)) !== checksum) throw new Error("it was changed after it was written");
  if (digestOf(arrays) !== content.arrays) throw new Error("its arrays were changed after they were written");
}

export function digestOf(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}
