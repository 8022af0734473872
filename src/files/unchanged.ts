import { createHash } from "node:crypto";
import { statSync } from "node:fs";

interface Facts {
  readonly size: number;
  readonly mtimeMs: number;
}

/** Files that are read repeatedly, or mapped into memory, and so must not change. */
export class FilesInUse {
  readonly #known = new Map<string, Facts>();

  /** Notes the state of a file, from which it must not change. */
  note(file: string): void {
    const facts = this.#known.has(file) ? undefined : factsOf(file);
    if (facts) this.#known.set(file, facts);
  }

  /** The first of these that has changed, as a sentence; undefined when none has. A deleted one does not count: what is mapped stays, and
   *  reading it fails by itself. Inode and change time do not count: some network drives make them up anew, and linking changes them. */
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

/** Undefined when that is unknown, which counts as unchanged. */
function factsOf(file: string): Facts | undefined {
  try {
    return statSync(file);
  } catch {
    return undefined;
  }
}

/** Proves that a JSON file and a file of arrays beside it are as they were written: disks and copies occasionally lose bits. */
interface Seal {
  /** Digest of the file of arrays. */
  readonly arrays: string;
  /** Digest of everything else in the JSON. */
  readonly checksum: string;
}

/** Adds the seal to the contents of the JSON. */
export function sealed<Content extends object>(content: Content, arrays: Uint8Array): Content & Seal {
  const whole = { ...content, arrays: digestOf(arrays) };
  return { ...whole, checksum: digestOf(JSON.stringify(whole)) };
}

/** @throws Error naming what has changed */
export function checkSeal({ checksum, ...content }: { readonly [key: string]: unknown }, arrays: Uint8Array): void {
  if (digestOf(JSON.stringify(content)) !== checksum) throw new Error("it was changed after it was written");
  if (digestOf(arrays) !== content.arrays) throw new Error("its arrays were changed after they were written");
}

/** What the JSON of a training state calls itself: with a seal, and in the version before, which had none. */
export const stateFormats = { sealed: "coinage training state 2", unsealed: "coinage training state 1" } as const;

/** Whether JSON calls itself a training state, of whatever version. */
export function isStateFormat(format: unknown): boolean {
  return typeof format === "string" && format.startsWith(stateFormats.sealed.replace(/ \d+$/, ""));
}

export function digestOf(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}
