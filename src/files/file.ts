import { stat } from "node:fs/promises";
import path from "node:path";
import { CoinageError } from "../errors/index.ts";
import { disk } from "./disk.ts";
import { reasonOf } from "./reason.ts";
import { sweepOnce, temporaryName } from "./temporary.ts";

/** Writes a file so that it is whole or not there, also after a power cut: under a temporary name beside it, synced, renamed, and the folder synced.
 *  @throws OUTPUT_UNWRITABLE; the file that stood there before is untouched then, or replaced as a whole */
export async function writeFileAtomically(file: string, bytes: Uint8Array | string): Promise<void> {
  const folder = path.dirname(path.resolve(file));
  await sweepOnce(folder);
  const temporary = temporaryName(file, "part");
  try {
    await disk().write(temporary, bytes);
    await disk().sync(temporary);
    await disk().rename(temporary, file);
    await disk().sync(folder);
  } catch (cause) {
    await disk()
      .remove(temporary)
      .catch(() => {});
    throw new CoinageError("OUTPUT_UNWRITABLE", `${file} cannot be written (${reasonOf(cause)}).`, {
      hint: "Check that the folder exists, may be written and that the disk has room.",
      cause,
    });
  }
}

/** What a path is, or "nothing". */
export async function kindOfPath(target: string): Promise<"file" | "folder" | "nothing"> {
  const found = await stat(target).catch(() => undefined);
  if (!found) return "nothing";
  return found.isDirectory() ? "folder" : "file";
}
