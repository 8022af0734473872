import { constants, type Stats } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { type LimitName, limits, type Refusal, requireWithin } from "../budget/index.ts";
import { CoinageError } from "../errors/index.ts";
import { NotAFile, withRefusal } from "./reading-problems.ts";

/** Opens a regular file for reading, passes it to `use` with its length and closes it. Reading a pipe or a device could wait forever.
 *  @throws NotAFile; the system's own errors */
export async function withRegularFile<Result>(
  file: string,
  use: (handle: FileHandle, bytes: number) => Promise<Result>,
): Promise<Result> {
  // Checked before opening, which has side effects on some devices.
  requireRegular(await stat(file));
  // Without O_NONBLOCK, opening a pipe that has meanwhile taken the file's place would wait for its writer.
  const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const found = await handle.stat();
    requireRegular(found);
    return await use(handle, found.size);
  } finally {
    await handle.close();
  }
}

/** Up to `length` bytes from the start of a file. */
export async function readStart(handle: FileHandle, length: number): Promise<Uint8Array> {
  const { buffer, bytesRead } = await handle.read(new Uint8Array(length), 0, length, 0);
  return buffer.subarray(0, bytesRead);
}

/** The bytes of an untrusted file: it must be a regular file no longer than the limit.
 *  refusal: its subject names the file, "The caption file a.txt". @throws the refusal */
export function readRegularFile(file: string, limit: LimitName, refusal: Refusal): Promise<Uint8Array> {
  return withRefusal(refusal, file, () =>
    withRegularFile(file, async (handle, size) => {
      const readSome: Read = async (buffer, offset, length) => (await handle.read(buffer, offset, length)).bytesRead;
      return readWithin(limit, size, refusal, readSome);
    }),
  );
}

/** Fills a buffer from an offset; returns the number of bytes read. */
type Read = (buffer: Uint8Array, offset: number, length: number) => Promise<number>;

/** Bytes up to a limit, from a source of `size` bytes; 0 if that is unknown. @throws the refusal */
export async function readWithin(
  limit: LimitName,
  size: number,
  refusal: Refusal,
  readSome: Read,
): Promise<Uint8Array> {
  requireWithin(limit, size, refusal);
  const bytes = await readUpTo(readSome, limits[limit].max + 1, size);
  requireWithin(limit, bytes.length, refusal);
  return bytes;
}

/** The bytes of an earlier file of ours at this path; undefined if it cannot be ours or cannot be read. */
export async function readEarlierFile(file: string): Promise<Uint8Array | undefined> {
  return readRegularFile(file, "earlierFile", { code: "FILE_UNREADABLE", subject: file }).catch(() => undefined);
}

/** The text of an untrusted file, which must be UTF-8; a leading byte order mark is dropped. @throws the refusal */
export async function readRegularTextFile(file: string, limit: LimitName, refusal: Refusal): Promise<string> {
  return textOf(await readRegularFile(file, limit, refusal), refusal);
}

/** UTF-8 bytes as text, without a byte order mark. @throws the refusal */
export function textOf(bytes: Uint8Array, refusal: Refusal): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    const { code, subject, where } = refusal;
    throw new CoinageError(code, `${subject} is not UTF-8.`, {
      ...(where !== undefined && { where }),
      hint: "Save it again as UTF-8 in a text editor.",
      cause,
    });
  }
}

/** Up to `most` bytes of a file expected to have `expected`, which may have grown or shrunk since. */
async function readUpTo(readSome: Read, most: number, expected: number): Promise<Uint8Array> {
  let bytes = new Uint8Array(Math.min(expected + 1, most));
  let length = 0;
  for (;;) {
    const bytesRead = await readSome(bytes, length, bytes.length - length);
    length += bytesRead;
    if (bytesRead === 0 || length === most) return bytes.slice(0, length);
    if (length === bytes.length) {
      const longer = new Uint8Array(Math.min(2 * length, most));
      longer.set(bytes);
      bytes = longer;
    }
  }
}

function requireRegular(found: Stats): void {
  if (!found.isFile()) throw new NotAFile(`it is ${kindOf(found)}, not a file`);
}

function kindOf(found: Stats): string {
  if (found.isDirectory()) return "a folder";
  if (found.isFIFO()) return "a pipe";
  return found.isSocket() ? "a socket" : "a device";
}
