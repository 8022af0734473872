import { open, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { CoinageError } from "../errors/index.ts";

/** Writes a file so that it is whole or not there: a temporary name beside it, synced, renamed.
 *  @throws OUTPUT_UNWRITABLE; the file that stood there before is untouched then. */
export async function writeFileAtomically(file: string, bytes: Uint8Array | string): Promise<void> {
  const temporary = path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}.part`);
  try {
    await writeSynced(temporary, bytes);
    await rename(temporary, file);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => {});
    throw new CoinageError("OUTPUT_UNWRITABLE", `${file} cannot be written (${reasonOf(cause)}).`, {
      hint: "Check that the folder exists, may be written and that the disk has room.",
      cause,
    });
  }
}

/** Writes a file, which is on the disk when this is done; cut off, part of it is. @throws the system's own error */
export async function writeSynced(file: string, bytes: Uint8Array | string): Promise<void> {
  const handle = await open(file, "w");
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What a path is, or "nothing". */
export async function kindOfPath(target: string): Promise<"file" | "folder" | "nothing"> {
  const found = await stat(target).catch(() => undefined);
  if (!found) return "nothing";
  return found.isDirectory() ? "folder" : "file";
}

/** Why the system refused, in its own short word. */
export function reasonOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
