import { stat } from "node:fs/promises";
import path from "node:path";
import { CoinageError } from "../errors/index.ts";
import { disk, reasonOf } from "./disk.ts";
import { previousOf, sweepOnce, temporaryName } from "./temporary.ts";

/** Writes a file so that it is complete or absent, even after a power cut: under a temporary name beside it, synced, renamed, and the folder synced.
 *  @throws OUTPUT_UNWRITABLE; an earlier file is then untouched, or replaced completely */
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
      hint: "Check that the folder exists and is writable, and that the disk has room.",
      cause,
    });
  }
}

/** The kind of thing at a path, or "nothing". */
export async function kindOfPath(target: string): Promise<"file" | "folder" | "nothing"> {
  const found = await stat(target).catch(() => undefined);
  if (!found) return "nothing";
  return found.isDirectory() ? "folder" : "file";
}

/** Writes a folder of files so that it is complete or absent: built under a temporary name beside it, synced, renamed.
 *  An earlier folder is removed only once the new one is in place: `folderOrPrevious` finds it in between.
 *  @throws OUTPUT_UNWRITABLE; an earlier folder is then untouched, or replaced completely */
export async function writeFolderAtomically(
  folder: string,
  files: Readonly<Record<string, Uint8Array | string>>,
): Promise<void> {
  const above = path.dirname(path.resolve(folder));
  await sweepOnce(above);
  const part = temporaryName(folder, "part");
  try {
    await disk().makeFolder(part);
    for (const [name, bytes] of Object.entries(files)) {
      await disk().write(path.join(part, name), bytes);
      await disk().sync(path.join(part, name));
    }
    await disk().sync(part);
    await replace(folder, part);
    await disk().sync(above);
  } catch (cause) {
    await disk()
      .remove(part)
      .catch(() => {});
    throw new CoinageError("OUTPUT_UNWRITABLE", `${folder} cannot be written (${reasonOf(cause)}).`, {
      hint: "Check that the parent folder exists and is writable, and that the disk has room.",
      cause,
    });
  }
  await removePrevious(folder);
}

/** Attempts to rename a folder into place: two processes may try at once. */
const mostAttempts = 50;

/** Replaces a folder with another; restores the old one on failure. */
async function replace(folder: string, part: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    let previous: string | undefined;
    try {
      if ((await kindOfPath(folder)) !== "nothing") previous = await moveAside(folder);
      return await disk().rename(part, folder);
    } catch (error) {
      if (previous)
        await disk()
          .rename(previous, folder)
          .catch(() => {});
      if (attempt === mostAttempts || !["ENOENT", "ENOTEMPTY", "EEXIST"].includes(reasonOf(error))) throw error;
    }
  }
}

async function moveAside(folder: string): Promise<string> {
  const previous = temporaryName(folder, "previous");
  await disk().rename(folder, previous);
  return previous;
}

/** Removes what the new folder, now in place, has replaced; what cannot be removed stays. */
async function removePrevious(folder: string): Promise<void> {
  for (const previous of await previousOf(folder))
    await disk()
      .remove(previous)
      .catch(() => {});
}

/** The folder; if writing was interrupted before the new one was in place, the one it was to replace. */
export async function folderOrPrevious(folder: string): Promise<string> {
  if ((await kindOfPath(folder)) !== "nothing") return folder;
  const [previous] = await previousOf(folder);
  return previous ?? folder;
}

/** Removes a folder atomically: nobody sees half of it. */
export async function removeFolder(folder: string): Promise<void> {
  const part = temporaryName(folder, "part");
  await disk().rename(folder, part);
  await disk().remove(part);
  await removePrevious(folder);
}

/** Renames a file or folder within its folder. @throws the system's own error */
export async function moveSynced(from: string, to: string): Promise<void> {
  await disk().rename(from, to);
  await disk().sync(path.dirname(path.resolve(to)));
}
