import { type FileHandle, open } from "node:fs/promises";
import { reasonOf } from "../../files/index.ts";
import type { Entry } from "./events.ts";

/** Bytes read at once; more for longer lines. */
const pieceBytes = 1 << 20;
/** No event makes a longer line. */
const longestLine = 16 << 20;
/** Bytes at a journal's end that the digest is made from: some hundred steps. */
const tailBytes = 64 * 1024;

interface Piece {
  readonly entries: readonly Entry[];
  /** The byte after the last whole line: where to read on. */
  readonly end: number;
  /** Whether nothing follows but an unfinished line. */
  readonly isAtEnd: boolean;
}

/** The next events of a journal. from: a byte at the beginning of a line; afterSeq: only later events. An unfinished line is left for later, a damaged one is skipped.
 *  A missing journal has no events; one shorter than `from` is a new one, and is read from its beginning. */
export async function readEntries(file: string, from: number, afterSeq = 0): Promise<Piece> {
  return withJournal(file, { entries: [], end: from, isAtEnd: true }, async (handle, size) => {
    const start = size < from ? 0 : from;
    const left = size - start;
    for (let length = pieceBytes; ; length *= 4) {
      const bytes = await readAt(handle, start, Math.min(length, left));
      const whole = bytes.lastIndexOf(newline) + 1;
      if (whole === 0 && length < Math.min(left, longestLine)) continue;
      if (whole === 0 && bytes.length >= longestLine) return { entries: [], end: start + bytes.length, isAtEnd: false };
      const entries = entriesIn(bytes.subarray(0, whole), afterSeq);
      return { entries, end: start + whole, isAtEnd: length >= left };
    }
  });
}

/** The last events of a journal, and whether they are all. */
export async function readTail(file: string): Promise<Piece & { readonly isWhole: boolean }> {
  return withJournal(file, { entries: [], end: 0, isAtEnd: true, isWhole: true }, async (handle, size) => {
    for (let length = tailBytes; ; length *= 4) {
      const start = Math.max(0, size - length);
      const bytes = await readAt(handle, start, size - start);
      const first = start === 0 ? 0 : bytes.indexOf(newline) + 1;
      const whole = bytes.lastIndexOf(newline) + 1;
      if (whole <= first && start > 0 && length < longestLine) continue;
      const entries = entriesIn(bytes.subarray(first, whole), 0);
      return { entries, end: start + whole, isAtEnd: true, isWhole: start === 0 };
    }
  });
}

const newline = 0x0a;

async function withJournal<Result>(
  file: string,
  empty: Result,
  read: (handle: FileHandle, size: number) => Promise<Result>,
): Promise<Result> {
  let handle: FileHandle;
  try {
    handle = await open(file, "r");
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(reasonOf(error))) return empty;
    throw error;
  }
  try {
    return await read(handle, (await handle.stat()).size);
  } finally {
    await handle.close();
  }
}

async function readAt(handle: FileHandle, from: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let read = 0;
  while (read < length) {
    const { bytesRead } = await handle.read(bytes, read, length - read, from + read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return bytes.subarray(0, read);
}

function entriesIn(lines: Buffer, afterSeq: number): Entry[] {
  return lines
    .toString("utf8")
    .split("\n")
    .flatMap((line) => {
      // a reader that comes back skips most lines, so they are not parsed
      const seq = Number(/^\{"seq":(\d{1,15}),/.exec(line)?.[1]);
      if (!(seq > afterSeq)) return [];
      const entry = parsed(line);
      return entry ? [entry] : [];
    });
}

function parsed(line: string): Entry | undefined {
  try {
    const entry = JSON.parse(line) as Entry;
    return typeof entry.kind === "string" && typeof entry.time === "number" ? entry : undefined;
  } catch {
    return undefined;
  }
}
