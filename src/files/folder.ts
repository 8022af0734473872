import { mkdir, open, rename, rm } from "node:fs/promises";
import path from "node:path";
import { CoinageError } from "../errors/index.ts";
import { kindOfPath, reasonOf, writeSynced } from "./file.ts";

/** Writes a folder of files so that it is whole or not there: built under a temporary name beside it, synced, renamed.
 *  A folder that stood there before goes only once the new one stands: `standingFolder` finds it in the moment between.
 *  @throws OUTPUT_UNWRITABLE; what stood there before is untouched then */
export async function writeFolderAtomically(
  folder: string,
  files: Readonly<Record<string, Uint8Array | string>>,
): Promise<void> {
  const [part, previous] = [besides(folder, "part"), besides(folder, "previous")];
  try {
    await rm(part, { recursive: true, force: true });
    await mkdir(part);
    for (const [name, bytes] of Object.entries(files)) await writeSynced(path.join(part, name), bytes);
    await syncFolder(part);
    if ((await kindOfPath(folder)) !== "nothing") {
      await rm(previous, { recursive: true, force: true });
      await rename(folder, previous);
    }
    await rename(part, folder);
    await syncFolder(path.dirname(folder));
    await rm(previous, { recursive: true, force: true });
  } catch (cause) {
    await rm(part, { recursive: true, force: true }).catch(() => {});
    throw new CoinageError("OUTPUT_UNWRITABLE", `${folder} cannot be written (${reasonOf(cause)}).`, {
      hint: "Check that the folder above exists, may be written and that the disk has room.",
      cause,
    });
  }
}

/** The folder, or the one it was about to replace when writing was cut off between the two. */
export async function standingFolder(folder: string): Promise<string> {
  const previous = besides(folder, "previous");
  const isCutOff = (await kindOfPath(folder)) === "nothing" && (await kindOfPath(previous)) === "folder";
  return isCutOff ? previous : folder;
}

/** Removes a folder in one go: nobody finds half of it. */
export async function removeFolder(folder: string): Promise<void> {
  const part = besides(folder, "part");
  await rm(part, { recursive: true, force: true });
  await rename(folder, part);
  await rm(part, { recursive: true, force: true });
  await rm(besides(folder, "previous"), { recursive: true, force: true });
}

function besides(folder: string, role: "part" | "previous"): string {
  const { dir, base } = path.parse(path.resolve(folder));
  return path.join(dir, `.${base}.${role}`);
}

/** Windows does not open folders: there the file system itself keeps renames in order. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}
