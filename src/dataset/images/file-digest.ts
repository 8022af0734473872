import { createHash } from "node:crypto";
import { open, stat } from "node:fs/promises";

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
