import { createHash } from "node:crypto";
import { open, stat } from "node:fs/promises";
import path from "node:path";
import { didYouMean, whyUnreadable } from "../../files/index.ts";

/** A name in a folder, spelled as Python's `os.path.join` does: the folder is left as the user wrote it, so it shows in keys and messages. */
export function joinPath(folder: string, name: string): string {
  return folder === "" || /[/\\]$/.test(folder) ? folder + name : `${folder}/${name}`;
}

/** The path without the ending of its file name. */
export function withoutExtension(file: string): string {
  return file.slice(0, file.length - path.extname(file).length);
}

/** The file name without folder and ending. */
export function stemOf(file: string): string {
  return withoutExtension(path.basename(file));
}

/** Python's order of strings. */
export function byCodePoint(a: string, b: string): number {
  // UTF-8 keeps the order of code points; JavaScript's own order is that of UTF-16 units.
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** A path at which no folder can be had, with the reason and the one that was meant: "picturs (it does not exist. Did you mean pictures?)". */
export async function describeMissing(target: string): Promise<string> {
  const problem: unknown = await stat(target).then(
    () => undefined,
    (error: unknown) => error,
  );
  const reason = problem === undefined ? "it is a file" : await whyUnreadable(target, problem);
  const near = didYouMean(target);
  return `${target} (${near === undefined ? reason : `${reason}. ${near}`})`;
}

const chunkBytes = 65536;

/** A digest of a file's bytes, or of at most 64 KiB in their middle. @throws the system's own error, or one for a pipe or a device, which would be waited for without end */
export async function digestOfFile(file: string, part: "middle" | "whole"): Promise<string> {
  if (!(await stat(file)).isFile()) throw new Error(`${file} is no file`);
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const buffer = new Uint8Array(chunkBytes);
    const hash = createHash("sha256");
    const start = part === "middle" ? Math.max(0, Math.floor((size - chunkBytes) / 2)) : 0;
    const end = part === "middle" ? Math.min(size, start + chunkBytes) : size;
    for (let at = start; at < end; ) {
      const { bytesRead } = await handle.read(buffer, 0, Math.min(chunkBytes, end - at), at);
      if (bytesRead === 0) break;
      hash.update(buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
    return hash.digest("hex");
  } finally {
    await handle.close();
  }
}
