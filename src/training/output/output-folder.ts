import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { CoinageError } from "../../errors/index.ts";
import { kindOfPath, makeFolder, moveSynced, reasonOf } from "../../files/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import type { Warning } from "../warnings.ts";
import { freeOldName, type KeptFile, keptWarning } from "./names.ts";

/** Where a file or folder was written. */
export interface Written {
  /** Undefined: nowhere. */
  readonly path: string | undefined;
  /** Why it is not in its folder. */
  readonly problem: CoinageError | undefined;
  readonly kept?: KeptFile | undefined;
}

type OutputSettings = Pick<TrainSettings, "outputDir" | "outputName" | "overwrite">;

/** Writes the files of a run; keeps files of other runs under new names. A full disk or a vanished folder must not lose what was learned:
 *  then files go to a rescue folder, in the working directory or among temporary files. */
export class OutputFolder {
  readonly #settings: OutputSettings;
  readonly #written = new Set<string>();
  #rescueFolder: string | undefined;
  #oldName: string | undefined;

  constructor(settings: OutputSettings) {
    this.#settings = settings;
  }

  /** Writes to a path, or if that fails, under the same name to the rescue folder. write: writes atomically to a path.
   *  mayReplace: whether a file that this process did not write may be replaced: it is of this run or has the same content. */
  async write(
    target: string,
    write: (path: string) => Promise<void>,
    mayReplace: (path: string) => Promise<boolean> = async () => true,
  ): Promise<Written> {
    let kept: KeptFile | undefined;
    try {
      makeFolder(path.dirname(target));
      kept = await this.#keepOther(target, mayReplace);
      await write(target);
      this.#written.add(target);
      return { path: target, problem: undefined, kept };
    } catch (cause) {
      if (!isWriteFailure(cause)) throw cause;
      const rescued = await this.#rescue(path.basename(target), write);
      return { path: rescued, problem: outputProblem(target, rescued, cause), kept };
    }
  }

  /** Renames files of another run that are in the way.
   *  differs from sd-scripts: files of an earlier run with the same names are overwritten.
   *  coinage: files of an earlier run with the same names are kept under other names, unless --overwrite is given.
   *  because: what was learned is worth more than its disk space. */
  async #keepOther(target: string, mayReplace: (path: string) => Promise<boolean>): Promise<KeptFile | undefined> {
    if (this.#settings.overwrite || this.#written.has(target) || (await kindOfPath(target)) === "nothing")
      return undefined;
    if (await mayReplace(target)) return undefined;
    const { outputName } = this.#settings;
    this.#oldName ??= await freeOldName(this.#settings);
    // states may be in another folder (--state_dir)
    const rest = path.basename(target).slice(path.basename(outputName).length);
    const to = path.join(path.dirname(target), `${path.basename(this.#oldName)}${rest}`);
    await moveSynced(target, to);
    return { from: target, to };
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

/** Warnings about a written file; each is shown once for all files. */
export function writeWarnings({ problem, kept }: Written): Warning[] {
  return [...(problem ? [rescueWarning(problem)] : []), ...(kept ? [keptWarning(kept)] : [])];
}

function outputProblem(target: string, rescued: string | undefined, cause: Error): CoinageError {
  const { dir, base } = path.parse(target);
  const failed = `${base} could not be written to ${path.resolve(dir)} (${reasonOf(cause instanceof CoinageError ? cause.cause : cause)})`;
  const whereNow = rescued === undefined ? "nor anywhere else" : `so it is at ${rescued}`;
  return new CoinageError("OUTPUT_UNWRITABLE", `${failed}, ${whereNow}.`, {
    where: "--output_dir",
    hint: "Free some space or bring the folder back, and move there what was written elsewhere.",
    cause,
  });
}

/** The warning about a rescued file; shown once for all files, since events say where each of them is. */
export function rescueWarning({ message }: CoinageError): Warning {
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
