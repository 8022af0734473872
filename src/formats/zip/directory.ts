import { type ByteSource, dataViewOn } from "../../array/index.ts";
import { limits } from "../../budget/index.ts";

/** Makes the error for an unreadable archive: the caller knows what kind of file was expected.
 *  what: the rest of a sentence that begins with the file. */
export type Damaged = (what: string, cause?: unknown) => Error;

/** A member according to the central directory; PyTorch's local headers hold no sizes. */
export interface ZipEntry {
  readonly name: string;
  readonly flags: number;
  /** 0 stored, 8 deflated. */
  readonly method: number;
  readonly compressedSize: number;
  readonly size: number;
  readonly headerOffset: number;
  /** Checksum of the unpacked bytes. Not checked: PyTorch can be told to leave it out. */
  readonly crc32: number;
  /** Where the next entry, or the directory, begins. */
  readonly end: number;
}

const endSignature = 0x06054b50;
const zip64LocatorSignature = 0x07064b50;
const zip64EndSignature = 0x06064b50;
const entrySignature = 0x02014b50;
const utf8 = new TextDecoder();

type ParsedEntry = Omit<ZipEntry, "end">;

interface Directory {
  readonly offset: number;
  readonly size: number;
  readonly count: number;
}

/** The entries of a zip archive by name; a name that appears twice is refused. */
export function readDirectory(source: ByteSource, damaged: Damaged): Map<string, ZipEntry> {
  const directory = findDirectory(source, damaged);
  if (directory.count > limits.zipMembers.max) throw damaged(`its zip archive has ${directory.count} entries`);
  const bytes = source.read(directory.offset, directory.size);
  const view = dataViewOn(bytes);
  const entries = new Map<string, ParsedEntry>();
  let position = 0;
  for (let i = 0; i < directory.count; i++) {
    if (position + 46 > bytes.length || view.getUint32(position, true) !== entrySignature)
      throw damaged("the directory of its zip archive is truncated");
    const length = 46 + [28, 30, 32].reduce((sum, at) => sum + view.getUint16(position + at, true), 0);
    if (position + length > bytes.length) throw damaged("the directory of its zip archive is truncated");
    const entry = parseEntry(bytes.subarray(position, position + length));
    if (entries.has(entry.name)) throw damaged(`its zip archive has the entry "${entry.name}" twice`);
    entries.set(entry.name, entry);
    position += length;
  }
  return withEnds(entries, directory.offset, damaged);
}

/** Adds the end of each entry, where the next one or the directory begins: entries that share bytes would let a small file unpack to a large one. */
function withEnds(
  entries: ReadonlyMap<string, ParsedEntry>,
  directoryOffset: number,
  damaged: Damaged,
): Map<string, ZipEntry> {
  const inOrder = [...entries].sort(([, a], [, b]) => a.headerOffset - b.headerOffset);
  const ends = new Map(inOrder.map(([name], i) => [name, inOrder[i + 1]?.[1].headerOffset ?? directoryOffset]));
  return new Map(
    [...entries].map(([name, entry]) => {
      const end = ends.get(name)!;
      if (entry.headerOffset >= end) throw damaged(`the entry "${name}" of its zip archive shares bytes with another`);
      return [name, { ...entry, end }];
    }),
  );
}

/** Finds the end record: it is last, before a comment whose length it gives; the comment may contain what looks like one. */
function findDirectory(source: ByteSource, damaged: Damaged): Directory {
  const tailLength = Math.min(source.size, 65557);
  const tailStart = source.size - tailLength;
  const view = dataViewOn(source.read(tailStart, tailLength));
  for (let at = tailLength - 22; at >= 0; at--) {
    if (view.getUint32(at, true) !== endSignature || at + 22 + view.getUint16(at + 20, true) !== tailLength) continue;
    const directory = zip64Directory(source, view, at, tailStart, damaged) ?? {
      count: view.getUint16(at + 10, true),
      size: view.getUint32(at + 12, true),
      offset: view.getUint32(at + 16, true),
    };
    if (isPlausible(source, directory, tailStart + at)) return directory;
  }
  throw damaged("the directory of its zip archive is missing");
}

function zip64Directory(
  source: ByteSource,
  tail: DataView,
  end: number,
  tailStart: number,
  damaged: Damaged,
): Directory | undefined {
  if (end < 20 || tail.getUint32(end - 20, true) !== zip64LocatorSignature) return undefined;
  const offset = Number(tail.getBigUint64(end - 12, true));
  if (offset + 56 > tailStart + end) throw damaged("its zip64 record points outside the file");
  const record = dataViewOn(source.read(offset, 56));
  if (record.getUint32(0, true) !== zip64EndSignature) throw damaged("its zip64 record is missing");
  return {
    count: Number(record.getBigUint64(32, true)),
    size: Number(record.getBigUint64(40, true)),
    offset: Number(record.getBigUint64(48, true)),
  };
}

function isPlausible(source: ByteSource, { offset, size, count }: Directory, end: number): boolean {
  if (offset + size > end || count * 46 > size || size > limits.zipDirectory.max) return false;
  return count === 0 || dataViewOn(source.read(offset, 4)).getUint32(0, true) === entrySignature;
}

function parseEntry(record: Uint8Array): ParsedEntry {
  const view = dataViewOn(record);
  const nameLength = view.getUint16(28, true);
  const extraLength = view.getUint16(30, true);
  const name = utf8.decode(record.subarray(46, 46 + nameLength));
  const wide = zip64Numbers(record.subarray(46 + nameLength, 46 + nameLength + extraLength));
  // The extra field holds, in this order, the numbers that do not fit into 32 bits.
  const number = (at: number) => {
    const narrow = view.getUint32(at, true);
    return narrow === 0xffffffff ? (wide.shift() ?? narrow) : narrow;
  };
  const size = number(24);
  const compressedSize = number(20);
  const headerOffset = number(42);
  const [flags, method, crc32] = [view.getUint16(8, true), view.getUint16(10, true), view.getUint32(16, true)];
  return { name, flags, method, crc32, compressedSize, size, headerOffset };
}

function zip64Numbers(extra: Uint8Array): number[] {
  const view = dataViewOn(extra);
  for (let at = 0; at + 4 <= extra.length; ) {
    const length = view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === 1) {
      const end = Math.min(at + 4 + length, extra.length);
      const numbers: number[] = [];
      for (let i = at + 4; i + 8 <= end; i += 8) numbers.push(Number(view.getBigUint64(i, true)));
      return numbers;
    }
    at += 4 + length;
  }
  return [];
}
