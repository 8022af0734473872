import { statSync } from "node:fs";

interface Facts {
  readonly size: number;
  readonly mtimeMs: number;
}

/** Files that are read again and again, or that are mapped into memory, and so have to stay what they are. */
export class FilesInUse {
  readonly #known = new Map<string, Facts>();

  /** Notes what a file is; from then on it has to stay that. */
  note(file: string): void {
    const facts = this.#known.has(file) ? undefined : factsOf(file);
    if (facts) this.#known.set(file, facts);
  }

  /** The first of these that is no longer what it was, as a sentence; undefined: none. One that was deleted is not told: what is mapped stays, and
   *  reading it fails by itself. Inode and time of a change are not looked at, for some network drives give them anew and a link changes them. */
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

/** Undefined where it cannot be said: that is no change. */
function factsOf(file: string): Facts | undefined {
  try {
    return statSync(file);
  } catch {
    return undefined;
  }
}
