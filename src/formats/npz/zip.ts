import { crc32, inflateRawSync } from "node:zlib";
import { CoinageError } from "../../errors/index.ts";

const localSignature = 0x04034b50;
const centralSignature = 0x02014b50;
const endSignature = 0x06054b50;
const endBytes = 22;
const stored = 0;
const deflated = 8;

/** The members of a zip file by name, stored or deflated; up to 4 GiB.
 *  @throws NPZ_INVALID when it is no zip file or damaged */
export function readZip(file: Uint8Array): Map<string, Uint8Array> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const end = findEnd(view);
  const members = new Map<string, Uint8Array>();
  let at = view.getUint32(end + 16, true);
  for (let k = view.getUint16(end + 10, true); k > 0; k--) {
    if (at + 46 > file.length || view.getUint32(at, true) !== centralSignature)
      throw invalid("its directory is damaged");
    const [method, length, localAt] = [
      view.getUint16(at + 10, true),
      view.getUint32(at + 20, true),
      view.getUint32(at + 42, true),
    ];
    const nameEnd = at + 46 + view.getUint16(at + 28, true);
    const name = new TextDecoder().decode(file.subarray(at + 46, nameEnd));
    // Only the header in front of the data says how long that header is.
    if (localAt + 30 > file.length || view.getUint32(localAt, true) !== localSignature)
      throw invalid(`${name} is not where it should be`);
    const start = localAt + 30 + view.getUint16(localAt + 26, true) + view.getUint16(localAt + 28, true);
    if (start + length > file.length) throw invalid(`${name} is cut off`);
    const data = file.subarray(start, start + length);
    if (method !== stored && method !== deflated) throw invalid(`${name} is compressed in an unknown way`);
    members.set(name, method === stored ? data : inflateRawSync(data));
    at = nameEnd + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return members;
}

/** A zip file with the members stored as they are, dated 1980-01-01 so that equal content gives equal bytes. */
export function writeZip(members: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const locals: Uint8Array[] = [];
  const centrals: Uint8Array[] = [];
  let offset = 0;
  for (const [name, data] of members) {
    const nameBytes = new TextEncoder().encode(name);
    const fields = memberFields(data, nameBytes.length);
    const local = joined([words(localSignature, 4), words(20, 2), fields, nameBytes, data]);
    centrals.push(
      joined([
        words(centralSignature, 4),
        words(20, 2),
        words(20, 2),
        fields,
        new Uint8Array(6),
        words(0, 4),
        words(offset, 4),
        nameBytes,
      ]),
    );
    locals.push(local);
    offset += local.length;
  }
  const directory = joined(centrals);
  const counts = joined([words(members.size, 2), words(members.size, 2)]);
  const end = joined([
    words(endSignature, 4),
    words(0, 4),
    counts,
    words(directory.length, 4),
    words(offset, 4),
    words(0, 2),
  ]);
  return joined([...locals, directory, end]);
}

/** The fields that stand alike before a member and in the directory: flags to the length of the extra field. */
function memberFields(data: Uint8Array, nameLength: number): Uint8Array {
  const firstDay = 0x21;
  return joined([
    ...[0, stored, 0, firstDay].map((value) => words(value, 2)),
    ...[crc32(data), data.length, data.length].map((value) => words(value, 4)),
    ...[nameLength, 0].map((value) => words(value, 2)),
  ]);
}

function findEnd(view: DataView): number {
  for (let at = view.byteLength - endBytes; at >= 0 && at >= view.byteLength - endBytes - 0xffff; at--)
    if (view.getUint32(at, true) === endSignature) return at;
  throw invalid("it is no zip file");
}

function words(value: number, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** i) & 255);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function invalid(reason: string): CoinageError {
  return new CoinageError("NPZ_INVALID", `The .npz file cannot be read: ${reason}.`);
}
