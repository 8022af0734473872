import { statSync } from "node:fs";
import { CoinageError } from "../errors/index.ts";

interface Facts {
  readonly size: number;
  readonly mtimeMs: number;
}

/** The files that a runtime's weights lie in. They are mapped into memory, so whoever writes into one changes numbers in mid-run, and reading behind the end of one
 *  that was cut short ends the process at once (SIGBUS). */
export class WeightFiles {
  readonly #known = new Map<string, Facts>();

  /** Notes what a file is; from then on it has to stay that. */
  note(file: string): void {
    const facts = this.#known.has(file) ? undefined : factsOf(file);
    if (facts) this.#known.set(file, facts);
  }

  /** One that was deleted does no harm: what is mapped stays. Inode and time of a change are not looked at, for some network drives give them anew and a link changes them.
   *  @throws WEIGHTS_CHANGED */
  requireUnchanged(files: Iterable<string>): void {
    for (const file of files) {
      const [known, now] = [this.#known.get(file), factsOf(file)];
      if (!known || !now || (known.size === now.size && known.mtimeMs === now.mtimeMs)) continue;
      const how =
        known.size === now.size ? "was written to" : `had ${known.size} bytes and has ${now.size}; it was written to`;
      throw new CoinageError("WEIGHTS_CHANGED", `${file} ${how} while it was in use.`, {
        hint: "Weights are read from where they lie while a run goes on: put a new model beside the old one, under another name.",
      });
    }
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
