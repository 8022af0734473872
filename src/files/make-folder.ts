import { mkdirSync, statSync } from "node:fs";
import path from "node:path";
import { reasonOf } from "./file.ts";

/** Makes a folder, and those it lies in, where they are missing. Node's own recursive mkdir never ends where the system will not make a folder in one
 *  that is there, as in /proc (Node 20). @throws the system's own error */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder);
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
