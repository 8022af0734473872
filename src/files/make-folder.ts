import { closeSync, fsyncSync, mkdirSync, openSync, statSync } from "node:fs";
import path from "node:path";
import { reasonOf } from "./reason.ts";

/** Makes a folder, and those it lies in, where they are missing. Node's own recursive mkdir never ends where the system will not make a folder in one
 *  that is there, as in /proc (Node 20). @throws the system's own error */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder);
    syncNames(path.dirname(folder));
  } catch (error) {
    if (isFolder(folder)) return;
    const parent = path.dirname(folder);
    if (reasonOf(error) !== "ENOENT" || parent === folder || isFolder(parent)) throw error;
    makeFolder(parent);
    makeFolder(folder);
  }
}

function isFolder(target: string): boolean {
  return statSync(target, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** A new folder outlives a power cut once the one it lies in is on the disk; not every system can be asked for that. */
function syncNames(folder: string): void {
  try {
    const handle = openSync(folder, "r");
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch {}
}
