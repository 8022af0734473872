import { inflateRawSync } from "node:zlib";
import { type ByteSource, bytesOf, dataViewOn } from "../../array/index.ts";
import { type Damaged, readDirectory, type ZipEntry } from "./directory.ts";

/** An open archive, of which only the directory has been read. Every problem with it is thrown as the opener's error. */
export interface ZipArchive {
  readonly entries: ReadonlyMap<string, ZipEntry>;
  /** An entry's bytes in the file, as stored. */
  readonly region: (entry: ZipEntry) => { readonly offset: number; readonly length: number };
  /** Unpacks an entry. maxBytes: an entry that claims more is refused before anything is allocated. */
  readonly read: (entry: ZipEntry, maxBytes: number) => Uint8Array;
}

const localSignature = 0x04034b50;

/** Opens a zip archive, which may exceed 4 GiB. Sizes and places are checked before they are used. */
export function openZip(source: ByteSource, damaged: Damaged): ZipArchive {
  const region = (entry: ZipEntry) => entryRegion(source, entry, damaged);
  return {
    entries: readDirectory(source, damaged),
    region,
    read(entry, maxBytes) {
      const { offset, length } = region(entry);
      if (entry.size > maxBytes)
        throw damaged(`the entry "${entry.name}" of its zip archive unpacks to ${entry.size} bytes`);
      const stored = source.read(offset, length);
      return entry.method === 0 ? stored : inflated(stored, entry, damaged);
    },
  };
}

function entryRegion(source: ByteSource, entry: ZipEntry, damaged: Damaged) {
  const wrong = (what: string) => damaged(`the entry "${entry.name}" of its zip archive ${what}`);
  const { flags, method, compressedSize, size, headerOffset } = entry;
  if (flags & 1) throw wrong("is encrypted");
  if (method !== 0 && method !== 8) throw wrong(`is packed by the unknown method ${method}`);
  if (method === 0 && compressedSize !== size) throw wrong("has two sizes");
  if (headerOffset + 30 > source.size) throw wrong("lies outside the file");
  const header = dataViewOn(source.read(headerOffset, 30));
  if (header.getUint32(0, true) !== localSignature) throw wrong("is not where it should be");
  // PyTorch pads here to align the data, so the lengths differ from the directory's.
  const offset = headerOffset + 30 + header.getUint16(26, true) + header.getUint16(28, true);
  if (offset + compressedSize > source.size) throw wrong("is truncated");
  if (offset + compressedSize > entry.end) throw wrong("shares bytes with another");
  return { offset, length: compressedSize };
}

function inflated(stored: Uint8Array, { name, size }: ZipEntry, damaged: Damaged): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = bytesOf(inflateRawSync(stored, { maxOutputLength: Math.max(1, size) }));
  } catch (cause) {
    throw damaged(`the entry "${name}" of its zip archive cannot be unpacked`, cause);
  }
  if (bytes.length === size) return bytes;
  throw damaged(`the entry "${name}" of its zip archive unpacks to a size other than stated`);
}
