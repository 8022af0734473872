import { createHash } from "node:crypto";
import { open, stat } from "node:fs/promises";
import path from "node:path";
import { didYouMean, whyUnreadable } from "../../files/index.ts";

/** A path joined as by Python's `os.path.join`: keeps the user's spelling of the folder, which appears in keys and messages. */
export function joinPath(folder: string, name: string): string {
  return folder === "" || /[/\\]$/.test(folder) ? folder + name : `${folder}/${name}`;
}

/** The path without the extension. */
export function withoutExtension(file: string): string {
  return file.slice(0, file.length - path.extname(file).length);
}

/** The file name without folder and extension. */
export function stemOf(file: string): string {
  return withoutExtension(path.basename(file));
}

/** Python's order of strings. */
export function byCodePoint(a: string, b: string): number {
  // UTF-8 keeps the order of code points; JavaScript compares UTF-16 units
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** A path that is not a folder, with the reason and a similar folder: "picturs (it does not exist. Did you mean pictures?)". */
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

/** A digest of a file's bytes, or of at most 64 KiB in the middle. @throws the system's own error, or an Error for pipes and devices, which could block forever */
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
