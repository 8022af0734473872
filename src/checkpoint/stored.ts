import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import path from "node:path";
import {
  type ByteSource,
  dtypeBytes,
  elementCount,
  type NdArray,
  type StoredArray,
  typedArrayOn,
} from "../array/index.ts";
import { CoinageError } from "../errors/index.ts";
import { hintOfMissing } from "../files/index.ts";

/** The same bytes under another shape with as many elements. */
export function reshaped(stored: StoredArray, shape: readonly number[]): StoredArray {
  if (elementCount(shape) !== elementCount(stored.shape))
    throw new CoinageError("SHAPE", `[${stored.shape.join(", ")}] cannot be seen as [${shape.join(", ")}].`);
  return { dtype: stored.dtype, shape, bytes: stored.bytes };
}

/** A view of rows (first axis) of a stored array; nothing is copied. @throws SHAPE if it has no such rows. */
export function rowsOf(stored: StoredArray, first: number, count: number): StoredArray {
  const [rows = 0, ...rest] = stored.shape;
  if (!Number.isInteger(first) || !Number.isInteger(count) || first < 0 || count < 0 || first + count > rows)
    throw new CoinageError("SHAPE", `rows ${first}..${first + count} of an array [${stored.shape.join(", ")}].`);
  const rowBytes = elementCount(rest) * dtypeBytes[stored.dtype];
  const { bytes } = stored;
  const window =
    bytes instanceof Uint8Array
      ? bytes.subarray(first * rowBytes, (first + count) * rowBytes)
      : { file: bytes.file, offset: bytes.offset + first * rowBytes, length: count * rowBytes };
  return { dtype: stored.dtype, shape: [count, ...rest], bytes: window };
}

/** Reads the values of a stored array into memory. @throws FILE_UNREADABLE if the file has changed since. */
export function readStoredArray(stored: StoredArray): NdArray {
  const { bytes } = stored;
  const copy =
    bytes instanceof Uint8Array
      ? new Uint8Array(bytes)
      : withOpenFile(bytes.file, (file) => file.read(bytes.offset, bytes.length));
  return { dtype: stored.dtype, shape: stored.shape, data: typedArrayOn(stored.dtype, copy) };
}

/** Opens a file for reading, passes it to `use` and closes it. @throws FILE_NOT_FOUND, FILE_UNREADABLE */
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

/** written: the path as the user gave it, for the hint. */
function openForReading(file: string, written: string): number {
  try {
    // Checked before opening: opening a pipe waits for its writer.
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
      `${file} has ${size} bytes; ${length} bytes at ${offset} were requested.`,
      {
        hint: "The file is truncated or was changed while it was in use.",
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
