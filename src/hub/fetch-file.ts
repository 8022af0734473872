import type { Blob } from "node:buffer";
import { createHash, type Hash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, rename } from "node:fs/promises";
import path from "node:path";
import { isFile } from "../checkpoint/index.ts";
import { CoinageError } from "../errors/index.ts";
import { makeFolder } from "../files/index.ts";

export interface Download {
  readonly file: string;
  readonly bytes: number;
  /** Hash of the contents: SHA-256, or git's SHA-1. */
  readonly content: string;
  readonly open: () => Promise<Blob>;
}

/** Fetches a file, going on with what an earlier attempt (also of another program) has left in FILE.incomplete; yields how many bytes are there.
 *  @throws OUTPUT_UNWRITABLE, HUB_FAILED when something else came, what `open` throws, and the connection's own errors */
export async function* fetchFile(download: Download): AsyncGenerator<number, void> {
  const { file } = download;
  if (isFile(file)) return;
  const partial = `${file}.incomplete`;
  const handle = await openForWriting(partial);
  try {
    yield* fetchRest(handle, download);
    await handle.sync();
  } finally {
    await handle.close();
  }
  // Two programs that fetch the same file write the same bytes to the same places; the second finds it done.
  await rename(partial, file).catch((error) => {
    if (!isFile(file)) throw error;
  });
}

/** Reads on when the connection breaks, as long as each attempt has brought something. */
async function* fetchRest(handle: FileHandle, { bytes, content, file, open }: Download): AsyncGenerator<number, void> {
  const hash = contentHash(content, bytes);
  let position = await hashPresent(handle, hash, bytes);
  const blob = await open();
  while (position < bytes) {
    const before = position;
    try {
      for await (const chunk of blob.slice(position).stream() as AsyncIterable<Uint8Array>) {
        await write(handle, chunk, position, file);
        hash.update(chunk);
        position += chunk.length;
        yield position;
      }
      if (position === before) throw new Error("no bytes came");
    } catch (error) {
      if (position === before || error instanceof CoinageError) throw error;
    }
  }
  if (position === bytes && hash.digest("hex") === content) return;
  await handle.truncate(0);
  throw new CoinageError("HUB_FAILED", `${path.basename(file)} came in another state than the hub announced.`, {
    hint: "Run it again to fetch it anew.",
  });
}

function contentHash(content: string, bytes: number): Hash {
  return content.length === 64 ? createHash("sha256") : createHash("sha1").update(`blob ${bytes}\0`);
}

/** Takes in what is there already; gives its length. What is too long is thrown away. */
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

function unwritable(file: string, cause: unknown): CoinageError {
  return new CoinageError("OUTPUT_UNWRITABLE", `${file} cannot be written.`, {
    hint: "Make room there, or set HF_HOME to a folder that has it.",
    cause,
  });
}
