import { constants, type Stats } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { type LimitName, limits, type Refusal, requireWithin } from "../budget/index.ts";
import { CoinageError } from "../errors/index.ts";
import { reasonOf } from "./reason.ts";

/** The bytes of a file that a stranger may have made: a regular file, no longer than the limit. A pipe or a device would be waited for without end.
 *  refusal: its subject names the file, "The caption file a.txt". @throws the refusal */
export async function readRegularFile(file: string, limit: LimitName, refusal: Refusal): Promise<Uint8Array> {
  // Asked before opening, which has effects of its own on some devices.
  const found = await stat(file).catch((cause: unknown) => cannotBeRead(refusal, reasonOf(cause), cause));
  requireRegular(found, refusal);
  requireWithin(limit, found.size, refusal);
  try {
    // Without O_NONBLOCK, opening a pipe that has taken the file's place meanwhile would wait for its writer.
    const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      requireRegular(await handle.stat(), refusal);
      const bytes = await readUpTo(handle, limits[limit].most + 1, found.size);
      requireWithin(limit, bytes.length, refusal);
      return bytes;
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw cause instanceof CoinageError ? cause : cannotBeRead(refusal, reasonOf(cause), cause);
  }
}

/** The text of such a file, which has to be UTF-8; a byte order mark at its start is dropped. @throws the refusal */
export async function readRegularTextFile(file: string, limit: LimitName, refusal: Refusal): Promise<string> {
  const bytes = await readRegularFile(file, limit, refusal);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    const { code, subject, where } = refusal;
    throw new CoinageError(code, `${subject} is not UTF-8.`, {
      ...(where !== undefined && { where }),
      hint: "Save it anew in an editor with the encoding UTF-8.",
      cause,
    });
  }
}

/** Up to `most` bytes of a file that is expected to have `expected`, and may have grown or shrunk since. */
async function readUpTo(handle: FileHandle, most: number, expected: number): Promise<Uint8Array> {
  let bytes = new Uint8Array(Math.min(expected + 1, most));
  let length = 0;
  for (;;) {
    const { bytesRead } = await handle.read(bytes, length, bytes.length - length);
    length += bytesRead;
    if (bytesRead === 0 || length === most) return bytes.slice(0, length);
    if (length === bytes.length) {
      const longer = new Uint8Array(Math.min(2 * length, most));
      longer.set(bytes);
      bytes = longer;
    }
  }
}

function requireRegular(found: Stats, refusal: Refusal): void {
  if (!found.isFile()) cannotBeRead(refusal, `it is ${kindOf(found)}, not a file`);
}

function kindOf(found: Stats): string {
  if (found.isDirectory()) return "a folder";
  if (found.isFIFO()) return "a pipe";
  return found.isSocket() ? "a socket" : "a device";
}

function cannotBeRead({ code, subject, where, hint }: Refusal, why: string, cause?: unknown): never {
  throw new CoinageError(code, `${subject} cannot be read (${why}).`, {
    ...(where !== undefined && { where }),
    ...(hint !== undefined && { hint }),
    cause,
  });
}
