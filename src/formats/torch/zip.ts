import { inflateRawSync } from "node:zlib";
import type { ByteSource } from "./byte-source.ts";
import { damaged } from "./problems.ts";

/** An entry as the central directory tells it; local headers of PyTorch hold no sizes. */
export interface ZipEntry {
  readonly name: string;
  readonly flags: number;
  /** 0 stored, 8 deflated. */
  readonly method: number;
  readonly compressedSize: number;
  readonly size: number;
  readonly headerOffset: number;
}

const endSignature = 0x06054b50;
const zip64LocatorSignature = 0x07064b50;
const zip64EndSignature = 0x06064b50;
const entrySignature = 0x02014b50;
const localSignature = 0x04034b50;
const maxDirectoryBytes = 64 * 1024 * 1024;
/** PyTorch never deflates, so what is deflated is small: enough for thousands of vectors. */
const maxInflatedBytes = 16 * 1024 * 1024;

interface Directory {
  readonly offset: number;
  readonly size: number;
  readonly count: number;
}

/** The entries of a zip archive by name. @throws TORCH_FILE_INVALID; a name that stands there twice is refused. */
export function readZipDirectory(source: ByteSource): Map<string, ZipEntry> {
  const directory = findDirectory(source);
  const bytes = source.read(directory.offset, directory.size);
  const view = viewOn(bytes);
  const entries = new Map<string, ZipEntry>();
  let position = 0;
  for (let i = 0; i < directory.count; i++) {
    if (position + 46 > bytes.length || view.getUint32(position, true) !== entrySignature)
      throw damaged("the directory of its zip archive is cut short");
    const length =
      46 +
      view.getUint16(position + 28, true) +
      view.getUint16(position + 30, true) +
      view.getUint16(position + 32, true);
    if (position + length > bytes.length) throw damaged("the directory of its zip archive is cut short");
    const entry = parseEntry(bytes.subarray(position, position + length));
    if (entries.has(entry.name)) throw damaged(`its zip archive has the entry "${entry.name}" twice`);
    entries.set(entry.name, entry);
    position += length;
  }
  return entries;
}

/** The end record stands at the very end, before a comment whose length it tells; a comment may hold what looks like one. */
function findDirectory(source: ByteSource): Directory {
  const tailLength = Math.min(source.size, 65557);
  const tailStart = source.size - tailLength;
  const view = viewOn(source.read(tailStart, tailLength));
  for (let at = tailLength - 22; at >= 0; at--) {
    if (view.getUint32(at, true) !== endSignature || at + 22 + view.getUint16(at + 20, true) !== tailLength) continue;
    const directory = zip64Directory(source, view, at, tailStart) ?? {
      count: view.getUint16(at + 10, true),
      size: view.getUint32(at + 12, true),
      offset: view.getUint32(at + 16, true),
    };
    if (isPlausible(source, directory, tailStart + at)) return directory;
  }
  throw damaged("the directory of its zip archive is missing");
}

function zip64Directory(source: ByteSource, tail: DataView, end: number, tailStart: number): Directory | undefined {
  if (end < 20 || tail.getUint32(end - 20, true) !== zip64LocatorSignature) return undefined;
  const offset = Number(tail.getBigUint64(end - 12, true));
  if (offset + 56 > tailStart + end) throw damaged("its zip64 record points outside the file");
  const record = viewOn(source.read(offset, 56));
  if (record.getUint32(0, true) !== zip64EndSignature) throw damaged("its zip64 record is missing");
  return {
    count: Number(record.getBigUint64(32, true)),
    size: Number(record.getBigUint64(40, true)),
    offset: Number(record.getBigUint64(48, true)),
  };
}

function isPlausible(source: ByteSource, { offset, size, count }: Directory, end: number): boolean {
  if (offset + size > end || count * 46 > size || size > maxDirectoryBytes) return false;
  return count === 0 || viewOn(source.read(offset, 4)).getUint32(0, true) === entrySignature;
}

function parseEntry(record: Uint8Array): ZipEntry {
  const view = viewOn(record);
  const nameLength = view.getUint16(28, true);
  const extraLength = view.getUint16(30, true);
  const name = new TextDecoder().decode(record.subarray(46, 46 + nameLength));
  const wide = zip64Numbers(record.subarray(46 + nameLength, 46 + nameLength + extraLength));
  // The extra field holds, in this order, the numbers that do not fit into 32 bits.
  const number = (at: number) => {
    const narrow = view.getUint32(at, true);
    return narrow === 0xffffffff ? (wide.shift() ?? narrow) : narrow;
  };
  const size = number(24);
  const compressedSize = number(20);
  const headerOffset = number(42);
  return { name, flags: view.getUint16(8, true), method: view.getUint16(10, true), compressedSize, size, headerOffset };
}

function zip64Numbers(extra: Uint8Array): number[] {
  const view = viewOn(extra);
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

/** Where the bytes of an entry lie in the file, as stored. @throws TORCH_FILE_INVALID */
export function entryRegion(source: ByteSource, entry: ZipEntry): { readonly offset: number; readonly length: number } {
  if (entry.flags & 1) throw damaged(`the entry "${entry.name}" of its zip archive is encrypted`);
  if (entry.method !== 0 && entry.method !== 8)
    throw damaged(`the entry "${entry.name}" of its zip archive is packed by the unknown method ${entry.method}`);
  if (entry.method === 0 && entry.compressedSize !== entry.size)
    throw damaged(`the entry "${entry.name}" of its zip archive has two sizes`);
  if (entry.headerOffset + 30 > source.size)
    throw damaged(`the entry "${entry.name}" of its zip archive lies outside the file`);
  const header = viewOn(source.read(entry.headerOffset, 30));
  if (header.getUint32(0, true) !== localSignature)
    throw damaged(`the entry "${entry.name}" of its zip archive is not where it should be`);
  // PyTorch pads here so that the data are aligned: the lengths differ from the directory's.
  const offset = entry.headerOffset + 30 + header.getUint16(26, true) + header.getUint16(28, true);
  if (offset + entry.compressedSize > source.size)
    throw damaged(`the entry "${entry.name}" of its zip archive is cut short`);
  return { offset, length: entry.compressedSize };
}

/** The bytes of an entry, unpacked; at most `limit`. @throws TORCH_FILE_INVALID */
export function readEntry(source: ByteSource, entry: ZipEntry, limit = maxInflatedBytes): Uint8Array {
  const { offset, length } = entryRegion(source, entry);
  const allowed = entry.method === 8 ? Math.min(limit, maxInflatedBytes) : limit;
  if (entry.size > allowed || length > allowed)
    throw damaged(`the entry "${entry.name}" of its zip archive unpacks to ${entry.size} bytes`);
  const stored = source.read(offset, length);
  if (entry.method === 0) return stored;
  try {
    const bytes = inflateRawSync(stored, { maxOutputLength: Math.max(1, entry.size) });
    if (bytes.length === entry.size) return bytes;
  } catch (cause) {
    throw damaged(`the entry "${entry.name}" of its zip archive cannot be unpacked`, cause);
  }
  throw damaged(`the entry "${entry.name}" of its zip archive unpacks to another size than it says`);
}

function viewOn(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
