import { createHash } from "node:crypto";
import { statSync } from "node:fs";

interface Facts {
  readonly size: number;
  readonly mtimeMs: number;
}

/** Watches files that are read repeatedly, or mapped into memory, and so must not change. */
export class FilesInUse {
  readonly #known = new Map<string, Facts>();

  /** Records the current state of a file. */
  note(file: string): void {
    const facts = this.#known.has(file) ? undefined : factsOf(file);
    if (facts) this.#known.set(file, facts);
  }

  /** The first of these files that has changed, as a sentence; undefined if none has. A deleted file does not count: what is mapped stays, and
   *  reading it fails by itself. Inode and change time do not count: some network drives invent them, and linking changes them. */
  changeOf(files: Iterable<string>): string | undefined {
    for (const file of files) {
      const [known, now] = [this.#known.get(file), factsOf(file)];
      if (!known || !now || (known.size === now.size && known.mtimeMs === now.mtimeMs)) continue;
      const sizes = known.size === now.size ? "" : `had ${known.size} bytes and has ${now.size}; it `;
      return `${file} ${sizes}was written to while it was in use.`;
    }
    return undefined;
  }
}

/** Undefined if unknown, which counts as unchanged. */
function factsOf(file: string): Facts | undefined {
  try {
    return statSync(file);
  } catch {
    return undefined;
  }
}

/** Checksums of a JSON file and the file of arrays beside it: disks and copies occasionally corrupt bits. */
interface Seal {
  /** Digest of the file of arrays. */
  readonly arrays: string;
  /** Digest of everything else in the JSON. */
  readonly checksum: string;
}

/** Adds the seal to the JSON's contents. */
export function sealed<Content extends object>(content: Content, arrays: Uint8Array): Content & Seal {
  const whole = { ...content, arrays: digestOf(arrays) };
  return { ...whole, checksum: digestOf(JSON.stringify(whole)) };
}

/** @throws Error naming what has changed */
export function checkSeal({ checksum, ...content }: { readonly [key: string]: unknown }, arrays: Uint8Array): void {
  if (digestOf(JSON.stringify(content)) !== checksum) throw new Error("it was changed after it was written");
  if (digestOf(arrays) !== content.arrays) throw new Error("its arrays were changed after they were written");
}

/** The `format` in the JSON of a training state: with a seal, and the earlier version without one. */
export const stateFormats = { sealed: "coinage training state 2", unsealed: "coinage training state 1" } as const;

/** Whether a format is that of a training state, of any version. */
export function isStateFormat(format: unknown): boolean {
  return typeof format === "string" && format.startsWith(stateFormats.sealed.replace(/ \d+$/, ""));
}

export function digestOf(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}
