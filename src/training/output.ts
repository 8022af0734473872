import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { CoinageError } from "../errors/index.ts";
import { makeFolder, reasonOf } from "../files/index.ts";
import type { Sign } from "./signs.ts";

/** Where something was written. */
export interface Written {
  /** Undefined: nowhere. */
  readonly path: string | undefined;
  /** Why it is not where it should be. */
  readonly problem: CoinageError | undefined;
}

/** Writes the files of a run. A full disk or a vanished folder must not lose what was learned: then they go to a rescue folder,
 *  in the folder the user stands in or among temporary files. */
export class Output {
  #rescueFolder: string | undefined;

  /** Writes to a path, or when that fails under the same name to the rescue folder. write: writes what it is to a path, whole or not at all. */
  async write(target: string, write: (path: string) => Promise<void>): Promise<Written> {
    try {
      makeFolder(path.dirname(target));
      await write(target);
      return { path: target, problem: undefined };
    } catch (cause) {
      if (!isWriteFailure(cause)) throw cause;
      const rescued = await this.#rescue(path.basename(target), write);
      return { path: rescued, problem: outputProblem(target, rescued, cause) };
    }
  }

  async #rescue(name: string, write: (path: string) => Promise<void>): Promise<string | undefined> {
    const known = this.#rescueFolder && (await written(write, path.join(this.#rescueFolder, name)));
    if (known !== undefined) return known;
    for (const base of [process.cwd(), os.tmpdir()]) {
      const folder = await mkdtemp(path.join(base, "coinage-rescue-")).catch(() => undefined);
      if (folder === undefined) continue;
      const file = await written(write, path.join(folder, name));
      if (file !== undefined) {
        this.#rescueFolder = folder;
        return file;
      }
      await rm(folder, { recursive: true, force: true }).catch(() => {});
    }
    return undefined;
  }
}

function outputProblem(target: string, rescued: string | undefined, cause: Error): CoinageError {
  const { dir, base } = path.parse(target);
  const failed = `${base} could not be written to ${path.resolve(dir)} (${reasonOf(cause instanceof CoinageError ? cause.cause : cause)})`;
  const whereNow = rescued === undefined ? "nor anywhere else" : `so it is at ${rescued}`;
  return new CoinageError("OUTPUT_UNWRITABLE", `${failed}, ${whereNow}.`, {
    where: "--output_dir",
    hint: "Make room or bring the folder back, and move what was written elsewhere.",
    cause,
  });
}

/** The warning of a file that is elsewhere: said once for all files, since events tell where each of them is. */
export function rescueSign({ message }: CoinageError): Sign {
  return { code: "OUTPUT_RESCUED", key: "OUTPUT_RESCUED", message: `${message} Every save tries the folder again.` };
}

function isWriteFailure(error: unknown): error is Error {
  return (
    error instanceof Error &&
    "code" in error &&
    (!(error instanceof CoinageError) || error.code === "OUTPUT_UNWRITABLE")
  );
}

async function written(write: (path: string) => Promise<void>, target: string): Promise<string | undefined> {
  return write(target).then(
    () => target,
    () => undefined,
  );
}
