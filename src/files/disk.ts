import { type FileHandle, mkdir, open, rename, rm, stat } from "node:fs/promises";

/** File system operations of atomic writes. Everything in this room that replaces or removes uses them, so that a test can make any of them fail. */
export interface Disk {
  /** Writes a new file. It survives a power cut only once it and its folder are synced. */
  write(file: string, bytes: Uint8Array | string): Promise<void>;
  /** Waits until the contents of a file, or the names in a folder, are on the disk. */
  sync(target: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  makeFolder(folder: string): Promise<void>;
  /** Removes a file, or a folder with everything in it. Not an error if it does not exist. */
  remove(target: string): Promise<void>;
}

/** The file system of this machine. @throws the system's own errors */
export const systemDisk: Disk = {
  async write(file, bytes) {
    await withHandle(file, "wx", (handle) => handle.writeFile(bytes));
  },
  async sync(target) {
    if ((await stat(target)).isDirectory()) await syncFolder(target);
    else await withHandle(target, "r+", (handle) => handle.sync());
  },
  rename: (from, to) => rename(from, to),
  async makeFolder(folder) {
    await mkdir(folder);
  },
  remove: (target) => rm(target, { recursive: true, force: true }),
};

/** Errors of systems that cannot sync a folder: Windows, some network drives. They order renames by other means. */
const unsupported: readonly string[] = ["EPERM", "EACCES", "EISDIR", "EINVAL", "EBADF", "ENOTSUP", "ENOSYS"];

async function syncFolder(folder: string): Promise<void> {
  try {
    await withHandle(folder, "r", (handle) => handle.sync());
  } catch (error) {
    if (!unsupported.includes(reasonOf(error))) throw error;
  }
}

async function withHandle(file: string, flags: string, work: (handle: FileHandle) => Promise<void>): Promise<void> {
  const handle = await open(file, flags);
  try {
    await work(handle);
  } finally {
    await handle.close();
  }
}

let current = systemDisk;

/** The current disk. */
export function disk(): Disk {
  return current;
}

/** Replaces the disk, for tests; returns a function that restores it. */
export function replaceDisk(other: Disk): () => void {
  const before = current;
  current = other;
  return () => {
    current = before;
  };
}

/** The system's error code; for other errors their text. */
export function reasonOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
