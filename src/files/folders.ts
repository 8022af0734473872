import { closeSync, fsyncSync, mkdirSync, openSync, statSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { CoinageError, refusalText } from "../errors/index.ts";
import { writeFileAtomically } from "./atomic.ts";
import { disk, reasonOf } from "./disk.ts";

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

/** Written to test a folder: a full disk may still have room for an empty file. */
const probeBytes = 16 * 1024;

/** Makes an output folder and tests whether it can be written to, so that long work does not fail at its end.
 *  option: the one that names the folder, such as "--outdir". hint: what to do where it cannot. @throws OUTPUT_UNWRITABLE */
export async function prepareOutputFolder(folder: string, option: string, hint?: string): Promise<void> {
  const probe = path.join(folder, ".coinage-can-write");
  try {
    makeFolder(folder);
    await writeFileAtomically(probe, new Uint8Array(probeBytes));
    await disk().remove(probe);
  } catch (cause) {
    throw new CoinageError(
      "OUTPUT_UNWRITABLE",
      `The output folder ${path.resolve(folder)} cannot be written to: ${refusalText(cause)}.`,
      { where: `${option} ${folder}`, hint: hint ?? hintOf(cause), cause },
    );
  }
}

function hintOf(cause: unknown): string {
  const reason = reasonOf(cause instanceof CoinageError ? cause.cause : cause);
  const remedy = ["ENOSPC", "EDQUOT"].includes(reason) ? "make room on its disk" : "make this one writable";
  return `Choose another folder, or ${remedy}.`;
}

/** The user's home; undefined for a user without one, as in containers that run under a bare number. */
export function homeFolder(): string | undefined {
  try {
    return homedir() || undefined;
  } catch {
    return undefined;
  }
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** The folder that a variable of the environment names; `~` at its beginning is the user's home. */
export function folderIn(environment: Environment, variable: string): string | undefined {
  return environment[variable]?.trim().replace(/^~(?=$|[/\\])/, () => homeFolder() ?? "~") || undefined;
}

/** Where the user's programs keep what they can make or fetch again: XDG_CACHE_HOME, else `.cache` in the home; undefined without a home.
 *  variables: further ones that name it. Hugging Face's programs know none, so what is shared with them is found without any. */
export function cachesFolder(environment: Environment, ...variables: readonly string[]): string | undefined {
  for (const variable of ["XDG_CACHE_HOME", ...variables]) {
    const folder = folderIn(environment, variable);
    if (folder !== undefined) return folder;
  }
  const home = homeFolder();
  return home && path.join(home, ".cache");
}

/** What the disk of a folder has left, in bytes; undefined where it does not say, as some network drives, and of a folder that is not there. */
export async function freeBytesOn(folder: string): Promise<number | undefined> {
  const found = await statfs(folder).catch(() => undefined);
  return found && found.blocks > 0 ? found.bavail * found.bsize : undefined;
}
