import { link as hardLink, readdir, readFile, rm, symlink } from "node:fs/promises";
import path from "node:path";
import { isFolder } from "../checkpoint/index.ts";
import { makeFolder, writeFileAtomically } from "../files/index.ts";
import type { ModelId } from "./model-id.ts";

/** The revision that is meant when none is named. */
export const defaultRevision = "main";

const commit = /^[0-9a-f]{40}$/;

/** One model's place in the shared cache: blobs/CONTENT, snapshots/COMMIT/FILE -> a blob, refs/REVISION with a commit in it. */
export class CachedModel {
  readonly folder: string;

  constructor(cacheFolder: string, { name }: ModelId) {
    this.folder = path.join(cacheFolder, `models--${name.replace("/", "--")}`);
  }

  /** The folder of a revision's files, when any of them are here. */
  async snapshot(revision = defaultRevision): Promise<string | undefined> {
    const known = commit.test(revision) ? revision : await this.#commitOf(revision);
    const folder = known && this.snapshotFolder(known);
    return folder && isFolder(folder) ? folder : undefined;
  }

  snapshotFolder(commit: string): string {
    return path.join(this.folder, "snapshots", commit);
  }

  blob(content: string): string {
    return path.join(this.folder, "blobs", content);
  }

  async #commitOf(revision: string): Promise<string | undefined> {
    const text = await readFile(path.join(this.folder, "refs", revision), "utf8").catch(() => "");
    return commit.test(text.trim()) ? text.trim() : undefined;
  }

  /** Notes which commit a branch or tag stands for. @throws OUTPUT_UNWRITABLE */
  async remember(revision: string, commitHash: string): Promise<void> {
    if (revision === commitHash) return;
    const file = path.join(this.folder, "refs", revision);
    makeFolder(path.dirname(file));
    await writeFileAtomically(file, commitHash);
  }

  /** Puts a file of a snapshot in its place. */
  async link(commit: string, file: string, content: string): Promise<void> {
    const link = path.join(this.snapshotFolder(commit), file);
    const blob = this.blob(content);
    makeFolder(path.dirname(link));
    await rm(link, { force: true });
    try {
      await symlink(path.relative(path.dirname(link), blob), link);
    } catch (error) {
      // Windows lets only some users make symbolic links.
      if (!isNotPermitted(error)) throw error;
      await hardLink(blob, link);
    }
  }
}

/** What people call a model at a path: its file's or folder's name, or its name on the hub when it lies in the cache. */
export function modelNameOf(target: string): string {
  const inCache = /[/\\]models--[^/\\]+--([^/\\]+)[/\\]snapshots[/\\][0-9a-f]{40}[/\\]?$/.exec(target);
  return inCache?.[1] ?? path.parse(target).name;
}

/** The files below a folder, with /. */
export async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join("/"));
}

function isNotPermitted(error: unknown): boolean {
  return error instanceof Error && "code" in error && ["EPERM", "ENOTSUP", "ENOSYS"].includes(String(error.code));
}
