import { crc32 } from "node:zlib";
import { dataViewOn } from "../../array/index.ts";

interface ZipMember {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const alignment = 64;
const paddingId = 0x4246;

/** The bytes of a zip archive of uncompressed members, the data of each at a multiple of 64 bytes, as torch.save lays them out.
 *  Dated 1980-01-01, so that equal contents give equal bytes. */
export function writeZip(members: readonly ZipMember[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let position = 0;
  for (const { name, bytes } of members) {
    const encodedName = new TextEncoder().encode(name);
    const padding = paddingAfter(position + 30 + encodedName.length);
    const common = commonFields(bytes, encodedName.length);
    directory.push(centralHeader(common, position), encodedName);
    for (const part of [localHeader(common, padding.length), encodedName, padding, bytes]) {
      parts.push(part);
      position += part.length;
    }
  }
  const directorySize = directory.reduce((sum, part) => sum + part.length, 0);
  return joined([...parts, ...directory, endRecord(members.length, directorySize, position)]);
}

/** An extra field that aligns the data after it. */
function paddingAfter(position: number): Uint8Array {
  const length = 4 + ((alignment - ((position + 4) % alignment)) % alignment);
  const field = new Uint8Array(length);
  const view = dataViewOn(field);
  view.setUint16(0, paddingId, true);
  view.setUint16(2, length - 4, true);
  return field;
}

/** The fields that local and central headers share, from "version needed" to the name's length: UTF-8 names, stored, fixed date. */
function commonFields(bytes: Uint8Array, nameLength: number): Uint8Array {
  const fields = new Uint8Array(24);
  const view = dataViewOn(fields);
  view.setUint16(0, 20, true);
  view.setUint16(2, 0x0800, true);
  // 1 January 1980, the earliest date of a zip archive.
  view.setUint16(8, 0x21, true);
  view.setUint32(10, crc32(bytes), true);
  view.setUint32(14, bytes.length, true);
  view.setUint32(18, bytes.length, true);
  view.setUint16(22, nameLength, true);
  return fields;
}

function localHeader(common: Uint8Array, extraLength: number): Uint8Array {
  const header = new Uint8Array(30);
  const view = dataViewOn(header);
  view.setUint32(0, 0x04034b50, true);
  header.set(common, 4);
  view.setUint16(28, extraLength, true);
  return header;
}

function centralHeader(common: Uint8Array, localOffset: number): Uint8Array {
  const header = new Uint8Array(46);
  const view = dataViewOn(header);
  view.setUint32(0, 0x02014b50, true);
  view.setUint16(4, 20, true);
  header.set(common, 6);
  view.setUint32(42, localOffset, true);
  return header;
}

function endRecord(count: number, directorySize: number, directoryOffset: number): Uint8Array {
  const record = new Uint8Array(22);
  const view = dataViewOn(record);
  view.setUint32(0, 0x06054b50, true);
  view.setUint16(8, count, true);
  view.setUint16(10, count, true);
  view.setUint32(12, directorySize, true);
  view.setUint32(16, directoryOffset, true);
  return record;
}

/** A plain Uint8Array: slice() on a Buffer would share the bytes. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
