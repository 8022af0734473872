import { closeSync, constants, openSync, statSync, writeSync } from "node:fs";
import path from "node:path";
import { CoinageError, refusalText } from "../errors/index.ts";
import { makeFolder } from "../files/index.ts";

/** A file that is written during a run. */
export interface LogFile {
  /** @throws OUTPUT_UNWRITABLE */
  readonly write: (contents: string | Uint8Array) => void;
  /** @throws OUTPUT_UNWRITABLE if the system only now reports what it could not write */
  readonly close: () => void;
}

/** Opens a log file, creating its folder and emptying the file. where: the setting that names it. @throws OUTPUT_UNWRITABLE */
export function openLogFile(file: string, where: string): LogFile {
  const attempt = <Result>(act: () => Result): Result => {
    try {
      return act();
    } catch (cause) {
      throw new CoinageError("OUTPUT_UNWRITABLE", `${file} cannot be written: ${refusalText(cause)}.`, {
        where,
        hint: "Choose another path, or leave the setting out.",
        cause,
      });
    }
  };
  const handle = attempt(() => {
    makeFolder(path.dirname(file));
    return openForWriting(file);
  });
  return {
    write: (contents) =>
      attempt(() => {
        const bytes = typeof contents === "string" ? Buffer.from(contents) : contents;
        for (let written = 0; written < bytes.length; ) written += writeSync(handle, bytes, written);
      }),
    close: () => attempt(() => closeSync(handle)),
  };
}

/** A pipe without a reader fails with ENXIO: opening it would block forever, even against signals. */
function openForWriting(file: string): number {
  if (!statSync(file, { throwIfNoEntry: false })?.isFIFO()) return openSync(file, "w");
  const probe = openSync(file, constants.O_WRONLY | constants.O_NONBLOCK);
  try {
    return openSync(file, "w");
  } finally {
    closeSync(probe);
  }
}
