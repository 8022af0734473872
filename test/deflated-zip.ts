import { crc32, deflateRawSync } from "node:zlib";
import { inMemory } from "../src/array/index.ts";
import { openZip } from "../src/formats/zip/index.ts";

/** The same zip archive with every member deflated, which PyTorch never writes but its readers accept. */
export function deflatedZip(archive: Uint8Array): Uint8Array {
  const zip = openZip(inMemory(archive, "the archive"), (what) => new Error(what));
  const members: Buffer[] = [];
  const directory: Buffer[] = [];
  let position = 0;
  for (const entry of zip.entries.values()) {
    const bytes = zip.read(entry, archive.length);
    const name = Buffer.from(entry.name);
    const packed = deflateRawSync(bytes);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(name.length, 22);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(position, 10);
    members.push(Buffer.from("PK\x03\x04"), common, name, packed);
    directory.push(Buffer.from("PK\x01\x02\x14\x00"), common, place, name);
    position += 30 + name.length + packed.length;
  }
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06");
  end.writeUInt16LE(zip.entries.size, 8);
  end.writeUInt16LE(zip.entries.size, 10);
  end.writeUInt32LE(Buffer.concat(directory).length, 12);
  end.writeUInt32LE(position, 16);
  return new Uint8Array(Buffer.concat([...members, ...directory, end]));
}
