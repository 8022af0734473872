import type { StatsFs } from "node:fs";
import { link as hardLink, readdir, rm, statfs, symlink } from "node:fs/promises";
import path from "node:path";
import { isFolder } from "../checkpoint/index.ts";
import { CoinageError } from "../errors/index.ts";
import { makeFolder, reasonOf, writeFileAtomically } from "../files/index.ts";
import { storedText } from "./access.ts";
import type { ModelId } from "./model-id.ts";

/** The default revision. */
export const defaultRevision = "main";

const commit = /^[0-9a-f]{40}$/;

/** One model in the shared cache: blobs/CONTENT, snapshots/COMMIT/FILE -> a blob, refs/REVISION with a commit in it. */
export class CachedModel {
  readonly folder: string;

  constructor(cacheFolder: string, { name }: ModelId) {
    this.folder = path.join(cacheFolder, `models--${name.replace("/", "--")}`);
  }

  /** The folder of a revision's files, if any are in the cache. */
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
    const text = await storedText(path.join(this.folder, "refs", revision), "The reference");
    return commit.test(text.trim()) ? text.trim() : undefined;
  }

  /** Records the commit of a branch or tag. @throws OUTPUT_UNWRITABLE */
  async remember(revision: string, commitHash: string): Promise<void> {
    if (revision === commitHash) return;
    const file = path.join(this.folder, "refs", revision);
    await writing(file, async () => {
      makeFolder(path.dirname(file));
      await writeFileAtomically(file, commitHash);
    });
  }

  /** Adds a file to a snapshot. @throws OUTPUT_UNWRITABLE */
  async link(commit: string, file: string, content: string): Promise<void> {
    const link = path.join(this.snapshotFolder(commit), file);
    const blob = this.blob(content);
    await writing(link, async () => {
      makeFolder(path.dirname(link));
      await rm(link, { force: true });
      try {
        await symlink(path.relative(path.dirname(link), blob), link);
      } catch (error) {
        // Windows allows symbolic links only to some users.
        if (!isNotPermitted(error)) throw error;
        await hardLink(blob, link);
      }
    });
  }

  /** Checks that the disk has room for some bytes, if the system tells. @throws OUTPUT_UNWRITABLE */
  async requireRoom(bytes: number): Promise<void> {
    const volume = await volumeOf(this.folder);
    const freeBytes = volume && volume.blocks > 0 ? volume.bavail * volume.bsize : Number.POSITIVE_INFINITY;
    if (bytes <= freeBytes) return;
    const [wanted, free] = [bytes, freeBytes].map((count) => `${(count / 1e6).toFixed(1)} MB`);
    throw new CoinageError(
      "OUTPUT_UNWRITABLE",
      `${wanted} must be downloaded, but only ${free} are free on the disk of ${this.folder}.`,
      { hint: roomHint },
    );
  }
}

/** A model's name for users: its file's or folder's name, or its name on the hub if it is in the cache. */
export function modelNameOf(target: string): string {
  const inCache = /[/\\]models--[^/\\]+--([^/\\]+)[/\\]snapshots[/\\][0-9a-f]{40}[/\\]?$/.exec(target);
  return inCache?.[1] ?? path.parse(target).name;
}

/** The files below a folder, with /; none if it cannot be read. */
export async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join("/"));
}

/** The disk of a folder that may not exist yet. */
async function volumeOf(folder: string): Promise<StatsFs | undefined> {
  const volume = await statfs(folder).catch(() => undefined);
  const parent = path.dirname(folder);
  return volume ?? (parent === folder ? undefined : volumeOf(parent));
}

const roomHint = "Make room there, or set HF_HOME to a writable folder with enough room.";

/** The error for a file of the cache that cannot be written. */
export function unwritable(file: string, cause: unknown): CoinageError {
  const reason = reasonOf(cause instanceof CoinageError ? cause.cause : cause);
  return new CoinageError("OUTPUT_UNWRITABLE", `${file} cannot be written (${reason}).`, {
    hint: roomHint,
    cause,
  });
}

async function writing(file: string, write: () => Promise<void>): Promise<void> {
  await write().catch((cause: unknown) => {
    throw unwritable(file, cause);
  });
}

function isNotPermitted(error: unknown): boolean {
  return error instanceof Error && "code" in error && ["EPERM", "ENOTSUP", "ENOSYS"].includes(String(error.code));
}
