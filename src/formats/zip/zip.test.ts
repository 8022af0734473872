import { crc32, deflateRawSync } from "node:zlib";
import { expect, test } from "vitest";
import { inMemory } from "../../array/index.ts";
import { openZip, writeZip } from "./index.ts";

const text = (words: string) => new TextEncoder().encode(words);
const damaged = (what: string) => new Error(what);
const open = (bytes: Uint8Array) => openZip(inMemory(bytes, "test.zip"), damaged);

const first = text("a member of some length, a member of some length");
const archive = writeZip([
  { name: "a.txt", bytes: first },
  { name: "folder/b", bytes: text("b") },
]);

test("members are stored uncompressed, their data at multiples of 64 bytes", () => {
  const zip = open(archive);
  expect([...zip.entries.keys()]).toEqual(["a.txt", "folder/b"]);
  for (const entry of zip.entries.values()) {
    expect(entry.method).toBe(0);
    expect(zip.region(entry).offset % 64).toBe(0);
  }
  expect(zip.read(zip.entries.get("a.txt")!, 1000)).toEqual(first);
  expect(new DataView(archive.buffer).getUint32(14, true)).toBe(crc32(first));
});

test("equal content gives equal bytes", () => {
  expect(writeZip([{ name: "a", bytes: first }])).toEqual(writeZip([{ name: "a", bytes: first }]));
});

test("a compressed member is unpacked, but to no more than is allowed or claimed", () => {
  const zip = open(compressed(first.length));
  const entry = zip.entries.get("a.txt")!;
  expect(new Uint8Array(zip.read(entry, first.length))).toEqual(first);
  expect(() => zip.read(entry, first.length - 1)).toThrow("unpacks to");
  for (const lie of [first.length - 1, first.length + 1]) {
    const lying = open(compressed(lie));
    expect(() => lying.read(lying.entries.get("a.txt")!, 1000)).toThrow(/unpack/);
  }
});

test("a comment after the archive does not hide its directory", () => {
  const commented = new Uint8Array([...archive, ...text("PK\u0005\u0006 is no end")]);
  new DataView(commented.buffer).setUint16(archive.length - 2, commented.length - archive.length, true);
  expect([...open(commented).entries.keys()]).toEqual(["a.txt", "folder/b"]);
});

test("the numbers of a large archive are in zip64 fields", () => {
  const zip = open(zip64());
  expect(zip.read(zip.entries.get("a.txt")!, 1000)).toEqual(first);
});

test("members that share bytes are refused", () => {
  const twice = archive.slice();
  const view = new DataView(twice.buffer);
  const directory = view.getUint32(twice.length - 6, true);
  const second = directory + 46 + "a.txt".length;
  // The second member starts where the first does, then in its middle: either way the first is unpacked twice.
  view.setUint32(second + 42, 0, true);
  expect(() => open(twice)).toThrow("shares bytes with another");
  const inner = writeZip([
    { name: "a.txt", bytes: writeZip([{ name: "folder/b", bytes: text("b") }]) },
    { name: "folder/b", bytes: text("b") },
  ]);
  const innerView = new DataView(inner.buffer);
  innerView.setUint32(innerView.getUint32(inner.length - 6, true) + 46 + "a.txt".length + 42, 64, true);
  const zip = open(inner);
  expect(() => zip.read(zip.entries.get("a.txt")!, 1000)).toThrow("shares bytes with another");
});

test("an archive of more members than any file has is refused at once", () => {
  const bytes = fields(46 * 200_001 + 22, []);
  for (let i = 0; i < 200_001; i++) bytes.set([0x50, 0x4b, 1, 2], 46 * i);
  const end = fields(98, [
    [0, 4, 0x06064b50],
    [32, 8, 200_001],
    [40, 8, 46 * 200_001],
    [56, 4, 0x07064b50],
    [64, 8, 46 * 200_001],
    [76, 4, 0x06054b50],
  ]);
  expect(() => open(new Uint8Array(Buffer.concat([bytes.subarray(0, 46 * 200_001), end])))).toThrow("200001 entries");
});

test("an archive that is cut anywhere is refused with the opener's error", () => {
  for (let length = 0; length < archive.length; length++)
    expect(() => open(archive.subarray(0, length))).toThrow("its zip archive");
});

test("an archive with any byte changed is read or refused, and nothing beyond its end is read", () => {
  for (let at = 0; at < archive.length; at++) {
    const changed = archive.slice();
    changed[at]! ^= 0xff;
    try {
      const zip = open(changed);
      for (const entry of zip.entries.values()) zip.read(entry, 1000);
    } catch (error) {
      expect(String(error)).toContain("of its zip archive");
    }
  }
});

/** An archive of one deflated member that claims to unpack to `size` bytes. */
function compressed(size: number): Uint8Array {
  const packed = deflateRawSync(first);
  const bytes = writeZip([{ name: "a.txt", bytes: packed }]);
  const view = new DataView(bytes.buffer);
  const directory = view.getUint32(bytes.length - 6, true);
  view.setUint16(directory + 10, 8, true);
  view.setUint32(directory + 24, size, true);
  return bytes;
}

/** An archive of one member whose directory has all its numbers in 64 bits. */
function zip64(): Uint8Array {
  const bytes = writeZip([{ name: "a.txt", bytes: first }]);
  const directory = new DataView(bytes.buffer).getUint32(bytes.length - 6, true);
  const entry = bytes.slice(directory, directory + 46 + 5);
  const entryView = new DataView(entry.buffer);
  for (const at of [20, 24, 42]) entryView.setUint32(at, 0xffffffff, true);
  entryView.setUint16(30, 28, true);
  const extra = fields(28, [
    [0, 2, 1],
    [2, 2, 24],
    [4, 8, first.length],
    [12, 8, first.length],
    [20, 8, 0],
  ]);
  const record = fields(56, [
    [0, 4, 0x06064b50],
    [32, 8, 1],
    [40, 8, entry.length + extra.length],
    [48, 8, directory],
  ]);
  const locator = fields(20, [
    [0, 4, 0x07064b50],
    [8, 8, directory + entry.length + extra.length],
  ]);
  const end = fields(22, [
    [0, 4, 0x06054b50],
    [10, 2, 0xffff],
    [12, 4, 0xffffffff],
    [16, 4, 0xffffffff],
  ]);
  return new Uint8Array([...bytes.subarray(0, directory), ...entry, ...extra, ...record, ...locator, ...end]);
}

/** Little-endian numbers at their places: [offset, bytes, value]. */
function fields(length: number, values: readonly (readonly [number, number, number])[]): Uint8Array {
  const bytes = new Uint8Array(length);
  for (const [offset, width, value] of values)
    for (let i = 0; i < width; i++) bytes[offset + i] = Math.floor(value / 256 ** i) & 0xff;
  return bytes;
}
