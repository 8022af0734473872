import {
  bytesOf,
  type DType,
  dataViewOn,
  dtypeBytes,
  inMemory,
  type NdArray,
  typedArrayOn,
} from "../../array/index.ts";
import { CoinageError } from "../../errors/index.ts";
import { parseSafetensorsHeader, type SafetensorsEntry, type SafetensorsHeader, storedDtypes } from "./header.ts";

const storedNames = Object.fromEntries(Object.entries(storedDtypes).map(([name, dtype]) => [dtype, name])) as Record<
  DType,
  string
>;

/** The header of a whole file in memory. @throws SAFETENSORS_INVALID */
export function parseSafetensors(bytes: Uint8Array, name = "the file"): SafetensorsHeader {
  return parseSafetensorsHeader(inMemory(bytes, name));
}

/** One tensor of a whole file in memory, copied. @throws SAFETENSORS_INVALID for a dtype that arrays cannot hold */
export function readTensor(bytes: Uint8Array, entry: SafetensorsEntry): NdArray {
  const dtype = storedDtypes[entry.dtype];
  if (!dtype) throw new CoinageError("SAFETENSORS_INVALID", `Tensors of dtype ${entry.dtype} are not supported.`);
  const copy = new Uint8Array(bytes.subarray(entry.offset, entry.offset + entry.length));
  return { dtype, shape: entry.shape, data: typedArrayOn(dtype, copy) };
}

interface SafetensorsInput {
  readonly tensors: ReadonlyMap<string, NdArray>;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The bytes of a .safetensors file in the reference writer's layout: wide dtypes first, then by name; header padded with spaces to 8 bytes. */
export function writeSafetensors({ tensors, metadata }: SafetensorsInput): Uint8Array {
  const ordered = [...tensors].sort(
    ([nameA, a], [nameB, b]) => dtypeBytes[b.dtype] - dtypeBytes[a.dtype] || (nameA < nameB ? -1 : 1),
  );
  const header: [string, unknown][] = metadata && Object.keys(metadata).length > 0 ? [["__metadata__", metadata]] : [];
  let position = 0;
  for (const [name, { dtype, shape, data }] of ordered) {
    header.push([name, { dtype: storedNames[dtype], shape, data_offsets: [position, position + data.byteLength] }]);
    position += data.byteLength;
  }
  // From entries: a word may be called "__proto__".
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const headerLength = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerLength + position).fill(0x20, 8, 8 + headerLength);
  dataViewOn(bytes).setBigUint64(0, BigInt(headerLength), true);
  bytes.set(json, 8);
  let offset = 8 + headerLength;
  for (const [, { data }] of ordered) {
    bytes.set(bytesOf(data), offset);
    offset += data.byteLength;
  }
  return bytes;
}
