import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import path from "node:path";
import type { ByteSource } from "../array/index.ts";
import { CoinageError } from "../errors/index.ts";
import { hintOfMissing } from "../files/index.ts";

/** Opens a file for reading, hands it to `use` and closes it. @throws FILE_NOT_FOUND, FILE_UNREADABLE */
export function withOpenFile<Result>(file: string, use: (open: ByteSource) => Result): Result {
  const absolute = path.resolve(file);
  const descriptor = openForReading(absolute, file);
  try {
    const { size } = fstatSync(descriptor);
    return use({ path: absolute, size, read: (offset, length) => readAt(descriptor, absolute, size, offset, length) });
  } finally {
    closeSync(descriptor);
  }
}

/** written: the path as the user gave it, for what to do. */
function openForReading(file: string, written: string): number {
  try {
    // Asked before opening: opening a pipe would wait for its writer.
    if (statSync(file).isFile()) return openSync(file, "r");
  } catch (cause) {
    const isMissing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    throw isMissing
      ? new CoinageError("FILE_NOT_FOUND", `${file} does not exist.`, { ...hintOfMissing(written), cause })
      : new CoinageError("FILE_UNREADABLE", `${file} cannot be opened.`, { hint: "Check its permissions.", cause });
  }
  throw new CoinageError("FILE_UNREADABLE", `${file} is not a file.`);
}

function readAt(descriptor: number, file: string, size: number, offset: number, length: number): Uint8Array {
  if (!(offset >= 0 && length >= 0 && offset + length <= size))
    throw new CoinageError(
      "FILE_UNREADABLE",
      `${file} has ${size} bytes; ${length} bytes at ${offset} are asked for.`,
      {
        hint: "The file is cut short or was changed while it was in use.",
      },
    );
  const bytes = new Uint8Array(length);
  for (let filled = 0; filled < length; ) {
    const count = readSync(descriptor, bytes, filled, length - filled, offset + filled);
    if (count === 0) throw new CoinageError("FILE_UNREADABLE", `${file} ends before byte ${offset + length}.`);
    filled += count;
  }
  return bytes;
}
