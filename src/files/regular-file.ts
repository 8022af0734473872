import { constants, read, type Stats } from "node:fs";
import { type FileHandle, open, readlink, stat } from "node:fs/promises";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { type LimitName, limits, type Refusal, requireWithin } from "../budget/index.ts";
import { CoinageError } from "../errors/index.ts";
import { reasonOf } from "./disk.ts";

/** Opens a regular file for reading, hands it to `use` with its length and closes it. A pipe or a device would be waited for forever.
 *  @throws NotAFile; the system's own errors */
export async function withRegularFile<Result>(
  file: string,
  use: (handle: FileHandle, bytes: number) => Promise<Result>,
): Promise<Result> {
  // Asked before opening, which has effects of its own on some devices.
  requireRegular(await stat(file));
  // Without O_NONBLOCK, opening a pipe that has taken the file's place meanwhile would wait for its writer.
  const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const found = await handle.stat();
    requireRegular(found);
    return await use(handle, found.size);
  } finally {
    await handle.close();
  }
}

/** Up to so many bytes from a file's beginning. */
export async function readStart(handle: FileHandle, length: number): Promise<Uint8Array> {
  const { buffer, bytesRead } = await handle.read(new Uint8Array(length), 0, length, 0);
  return buffer.subarray(0, bytesRead);
}

/** Whether a path names what the user hands over with the command itself: `/dev/stdin`, or the `/dev/fd/63` that a shell puts in the place of `<(...)`.
 *  It may be a pipe, which can be read once, and has no extension that shows its kind. */
export function isHandedOver(file: string): boolean {
  return descriptorOf(file) !== undefined;
}

function descriptorOf(file: string): number | undefined {
  const [, number] = /^\/(?:dev\/stdin|(?:dev|proc\/self)\/fd\/(\d+))$/.exec(path.resolve(file)) ?? [];
  if (number !== undefined) return Number(number);
  return path.resolve(file) === "/dev/stdin" ? 0 : undefined;
}

/** The bytes of a file that a stranger may have made: a regular file, no longer than the limit.
 *  refusal: its subject names the file, "The caption file a.txt". @throws the refusal */
export function readRegularFile(file: string, limit: LimitName, refusal: Refusal): Promise<Uint8Array> {
  return inWordsOf(refusal, file, () =>
    withRegularFile(file, async (handle, size) => {
      const readSome: Read = async (buffer, offset, length) => (await handle.read(buffer, offset, length)).bytesRead;
      return readWithin(limit, size, refusal, readSome);
    }),
  );
}

type Read = (buffer: Uint8Array, offset: number, length: number) => Promise<number>;

async function readWithin(limit: LimitName, size: number, refusal: Refusal, readSome: Read): Promise<Uint8Array> {
  requireWithin(limit, size, refusal);
  const bytes = await readUpTo(readSome, limits[limit].most + 1, size);
  requireWithin(limit, bytes.length, refusal);
  return bytes;
}

/** What reading gives, or its error as the refusal words it. */
async function inWordsOf(refusal: Refusal, file: string, reading: () => Promise<Uint8Array>): Promise<Uint8Array> {
  try {
    return await reading();
  } catch (cause) {
    if (cause instanceof CoinageError) throw cause;
    const { code, subject, where, hint } = refusal;
    throw new CoinageError(code, `${subject} cannot be read (${await whyUnreadable(file, cause)}).`, {
      ...(where !== undefined && { where }),
      ...(hint !== undefined && { hint }),
      cause,
    });
  }
}

/** The bytes of what is in the place of a file of ours; undefined where that cannot be a file of ours, or cannot be read. */
export async function readEarlierFile(file: string): Promise<Uint8Array | undefined> {
  return readRegularFile(file, "earlierFile", { code: "FILE_UNREADABLE", subject: file }).catch(() => undefined);
}

/** The text of a file that a stranger may have made, which has to be UTF-8; a byte order mark at its start is dropped. @throws the refusal */
export async function readRegularTextFile(file: string, limit: LimitName, refusal: Refusal): Promise<string> {
  return textOf(await readRegularFile(file, limit, refusal), refusal);
}

/** The same of a file that the user names on the command line, and which may be a pipe. @throws the refusal */
export async function readGivenTextFile(file: string, limit: LimitName, refusal: Refusal): Promise<string> {
  const descriptor = descriptorOf(file);
  if (descriptor === undefined) return readRegularTextFile(file, limit, refusal);
  const bytes = await inWordsOf(refusal, file, async () => {
    const found = await stat(file);
    if (found.isFile() || found.isDirectory()) return readRegularFile(file, limit, refusal);
    // Opened anew, a named pipe whose writer is done already would be waited for forever, and a socket cannot be opened.
    return readWithin(limit, 0, refusal, (buffer, offset, length) => readArriving(descriptor, buffer, offset, length));
  });
  return textOf(bytes, refusal);
}

/** Waits for what writes into the pipe, as every program does: the user knows how to end it. */
async function readArriving(descriptor: number, buffer: Uint8Array, offset: number, length: number): Promise<number> {
  for (;;) {
    try {
      return (await readDescriptor(descriptor, buffer, offset, length, null)).bytesRead;
    } catch (error) {
      // Another process made the pipe one that does not wait.
      if (reasonOf(error) !== "EAGAIN") throw error;
      await setTimeout(askAgainMs);
    }
  }
}

const readDescriptor = promisify(read);
const askAgainMs = 20;

function textOf(bytes: Uint8Array, refusal: Refusal): string {
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

/** Up to `most` bytes of a file that is expected to have `expected`, and may have grown or shrunk since. */
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

/** Something other than a file is at a path: the message says what, as the end of a sentence. */
export class NotAFile extends Error {}

/** Whether the system refused for lack of permission. */
function isForbidden(error: unknown): boolean {
  return ["EACCES", "EPERM"].includes(reasonOf(error));
}

/** Why a file could not be read, as people say it: "it is a link to gone.png, which does not exist". */
export async function whyUnreadable(file: string, error: unknown): Promise<string> {
  if (error instanceof NotAFile) return error.message;
  const reason = reasonOf(error);
  if (isForbidden(error)) return `you do not have permission to read it, ${reason}`;
  if (reason === "ELOOP") return "it is a link that leads back to itself";
  if (reason !== "ENOENT") return reason;
  const target = await readlink(file).catch(() => undefined);
  return target === undefined ? "it does not exist" : `it is a link to ${target}, which does not exist`;
}

/** What to do about a file that could not be read; undefined where only its contents can be at fault. */
export function readingHint(error: unknown): string | undefined {
  if (isForbidden(error)) return "Give yourself permission to read it (chmod u+r) and to enter its folder.";
  return undefined;
}
