import { createHash, type Hash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, rename, rm, rmdir, stat } from "node:fs/promises";
import path from "node:path";
import { isFile } from "../checkpoint/index.ts";
import { CoinageError } from "../errors/index.ts";
import { makeFolder } from "../files/index.ts";
import { unwritable } from "./cache.ts";
import { leastProgressBytes } from "./requests.ts";

interface Download {
  readonly file: string;
  readonly bytes: number;
  /** Hash of the contents: SHA-256, or git's SHA-1. */
  readonly content: string;
  /** The bytes from an offset on. */
  readonly read: (from: number) => AsyncGenerator<Uint8Array>;
}

/** Bytes of a file that are still to be downloaded. */
export async function missingBytes({ file, bytes }: Pick<Download, "file" | "bytes">): Promise<number> {
  if (isFile(file)) return 0;
  const present = await stat(`${file}${unfinished}`).catch(() => undefined);
  return Math.max(0, bytes - (present?.size ?? 0));
}

/** Extension of an incomplete file. */
const unfinished = ".incomplete";

/** Downloads a file, resuming from FILE.incomplete, also of another program; yields the bytes present so far.
 *  @throws OUTPUT_UNWRITABLE, HUB_FAILED if its contents are wrong, and the errors of `read` */
export async function* fetchFile(download: Download): AsyncGenerator<number, void> {
  const { file } = download;
  if (isFile(file)) return;
  const partial = `${file}${unfinished}`;
  const handle = await openForWriting(partial);
  let keptBytes = 0;
  try {
    for await (keptBytes of fetchRest(handle, download)) yield keptBytes;
    await handle.sync();
  } catch (error) {
    // Keeps what is worth resuming.
    if (keptBytes < leastProgressBytes || error instanceof WrongContents) await forget(partial);
    throw error;
  } finally {
    await handle.close();
  }
  // Two programs that download the same file write the same bytes to the same places; the second finds it done.
  await rename(partial, file).catch((error) => {
    if (!isFile(file)) throw unwritable(file, error);
  });
}

/** Continues when the connection breaks, as long as each attempt has brought something. */
async function* fetchRest(handle: FileHandle, download: Download): AsyncGenerator<number, void> {
  const { bytes, content, file, read } = download;
  const hash = contentHash(content, bytes);
  let position = await hashPresent(handle, hash, bytes);
  yield position;
  while (position < bytes) {
    const before = position;
    try {
      for await (const chunk of read(position)) {
        if (position + chunk.length > bytes) throw new WrongContents(download, `more than the ${bytes} bytes`);
        await write(handle, chunk, position, file);
        hash.update(chunk);
        position += chunk.length;
        yield position;
      }
    } catch (error) {
      if (position - before < leastProgressBytes || !isOfHub(error)) throw error;
    }
    if (position === before) throw new WrongContents(download, `${position} of the ${bytes} bytes`);
  }
  if (hash.digest("hex") !== content) throw new WrongContents(download, "other bytes than");
}

/** The hub sent other contents than it listed. */
class WrongContents extends CoinageError {
  constructor({ file }: Download, what: string) {
    super("HUB_FAILED", `The hub sent ${what} it announced for ${path.basename(file)}.`, {
      hint: "None of it was kept. Run it again to download it again.",
    });
  }
}

function isOfHub(error: unknown): boolean {
  return error instanceof CoinageError && !(error instanceof WrongContents) && error.code.startsWith("HUB_");
}

/** Removes an incomplete file, and the folders made for it. */
async function forget(partial: string): Promise<void> {
  await rm(partial, { force: true }).catch(() => {});
  const blobs = path.dirname(partial);
  // rmdir leaves folders that are not empty
  for (const folder of [blobs, path.dirname(blobs), path.dirname(path.dirname(blobs))])
    await rmdir(folder).catch(() => {});
}

function contentHash(content: string, bytes: number): Hash {
  return content.length === 64 ? createHash("sha256") : createHash("sha1").update(`blob ${bytes}\0`);
}

/** Hashes the bytes already present and returns their number. A file that is too long is discarded. */
async function hashPresent(handle: FileHandle, hash: Hash, bytes: number): Promise<number> {
  const { size } = await handle.stat();
  if (size > bytes) {
    await handle.truncate(0);
    return 0;
  }
  for await (const chunk of handle.createReadStream({ start: 0, autoClose: false })) hash.update(chunk);
  return size;
}

async function write(handle: FileHandle, chunk: Uint8Array, position: number, file: string): Promise<void> {
  for (let written = 0; written < chunk.length; ) {
    const rest = chunk.subarray(written);
    const { bytesWritten } = await handle.write(rest, 0, rest.length, position + written).catch((cause) => {
      throw unwritable(file, cause);
    });
    written += bytesWritten;
  }
}

async function openForWriting(file: string): Promise<FileHandle> {
  try {
    makeFolder(path.dirname(file));
    return await open(file, constants.O_RDWR | constants.O_CREAT);
  } catch (cause) {
    throw unwritable(file, cause);
  }
}
