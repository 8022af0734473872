import { closeSync, fsyncSync, mkdirSync, openSync, statSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { CoinageError, refusalText } from "../errors/index.ts";
import { writeFileAtomically } from "./atomic.ts";
import { disk, reasonOf } from "./disk.ts";

/** Makes a folder and its missing parents. Node's own recursive mkdir never ends if the system refuses to make a folder in an
 *  existing one, as in /proc (Node 20). @throws the system's own error */
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

/** Syncs the parent of a new folder, which otherwise may not survive a power cut; not every system can do this. */
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

/** Makes an output folder and tests whether it is writable, so that long work does not fail at its end.
 *  option: the one that names the folder, such as "--outdir". hint: what to do if it is not. @throws OUTPUT_UNWRITABLE */
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

/** The user's home; undefined for a user without one, as in containers that run under a bare user id. */
export function homeFolder(): string | undefined {
  try {
    return homedir() || undefined;
  } catch {
    return undefined;
  }
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** The folder in an environment variable; a leading `~` is the user's home. */
export function folderIn(environment: Environment, variable: string): string | undefined {
  return environment[variable]?.trim().replace(/^~(?=$|[/\\])/, () => homeFolder() ?? "~") || undefined;
}

/** The user's cache folder: XDG_CACHE_HOME, else `.cache` in the home; undefined without a home.
 *  variables: more variables that may name it. Hugging Face's programs read none, so caches shared with them are found without. */
export function cachesFolder(environment: Environment, ...variables: readonly string[]): string | undefined {
  for (const variable of ["XDG_CACHE_HOME", ...variables]) {
    const folder = folderIn(environment, variable);
    if (folder !== undefined) return folder;
  }
  const home = homeFolder();
  return home && path.join(home, ".cache");
}

/** Free bytes on the disk of a folder; undefined if unknown, as on some network drives or for a missing folder. */
export async function freeBytesOn(folder: string): Promise<number | undefined> {
  const found = await statfs(folder).catch(() => undefined);
  return found && found.blocks > 0 ? found.bavail * found.bsize : undefined;
}
