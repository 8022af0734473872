import type { DType, NdArray, TypedArray } from "../../array/index.ts";
import { CoinageError } from "../../errors/index.ts";

/** Bytes per element of every dtype name the format knows; sub-byte kinds are listed by their bits / 8. */
const storedBytes: Readonly<Record<string, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  F8_E8M0: 1,
  F8_E4M3FNUZ: 1,
  F8_E5M2FNUZ: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  I64: 8,
  U64: 8,
  F64: 8,
  C64: 8,
  F4: 0.5,
  F6_E2M3: 0.75,
  F6_E3M2: 0.75,
};

/** The dtype names that arrays here can hold. */
export const storedDtypes: Readonly<Record<string, DType>> = {
  F64: "float64",
  F32: "float32",
  F16: "float16",
  BF16: "bfloat16",
  I64: "int64",
  I32: "int32",
  I16: "int16",
  I8: "int8",
  U8: "uint8",
  BOOL: "bool",
};

export interface SafetensorsEntry {
  /** The dtype as the file spells it: F32, F16, BF16 ... */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Position of the first byte in the file. */
  readonly offset: number;
  readonly length: number;
}

export interface SafetensorsHeader {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, SafetensorsEntry>;
}

const maxHeaderBytes = 100_000_000;

/** Reads the header of a .safetensors file, checking all that the reference reader checks.
 *  read(offset, length) gives bytes of the file; nothing beyond the header is read.
 *  @throws SAFETENSORS_INVALID naming what is wrong; `name` stands in the message. */
export function parseSafetensorsHeader(
  fileSize: number,
  read: (offset: number, length: number) => Uint8Array,
  name = "the file",
): SafetensorsHeader {
  const invalid = (what: string, cause?: unknown) =>
    new CoinageError("SAFETENSORS_INVALID", `${name} is not a valid .safetensors file: ${what}.`, {
      hint: "The file is damaged, cut short or of another kind. Download or save it again.",
      cause,
    });
  if (fileSize < 8) throw invalid(`it has only ${fileSize} bytes`);
  const lengthBytes = read(0, 8);
  const headerLength = new DataView(lengthBytes.buffer, lengthBytes.byteOffset, 8).getBigUint64(0, true);
  if (headerLength > BigInt(maxHeaderBytes)) throw invalid(`it claims a header of ${headerLength} bytes`);
  const dataStart = 8 + Number(headerLength);
  if (dataStart > fileSize) throw invalid(`its header of ${headerLength} bytes is cut short`);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(read(8, Number(headerLength))));
  } catch (cause) {
    throw invalid("its header is not JSON in UTF-8", cause);
  }
  if (!isRecord(header)) throw invalid("its header is not a JSON object");

  const tensors = new Map<string, SafetensorsEntry>();
  const metadata: Record<string, string> = {};
  for (const [key, value] of Object.entries(header)) {
    if (key === "__metadata__") {
      if (value === null) continue;
      if (!isRecord(value)) throw invalid("its metadata is not an object");
      for (const [field, text] of Object.entries(value)) {
        if (typeof text !== "string") throw invalid(`the metadata entry "${field}" is not a text`);
        metadata[field] = text;
      }
      continue;
    }
    tensors.set(key, parseEntry(key, value, dataStart, invalid));
  }
  checkLayout(tensors, dataStart, fileSize, invalid);
  return { metadata, tensors };
}

function parseEntry(
  key: string,
  value: unknown,
  dataStart: number,
  invalid: (what: string) => Error,
): SafetensorsEntry {
  if (!isRecord(value)) throw invalid(`the entry of "${key}" is not an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  const bytes = typeof dtype === "string" ? storedBytes[dtype] : undefined;
  if (typeof dtype !== "string" || bytes === undefined)
    throw invalid(`"${key}" has the unknown dtype ${String(dtype)}`);
  if (!isSizes(shape)) throw invalid(`"${key}" has no valid shape`);
  if (!isSizes(offsets) || offsets.length !== 2) throw invalid(`"${key}" has no valid data_offsets`);
  const [begin, end] = offsets as [number, number];
  const expected = shape.reduce((product, size) => product * size, 1) * bytes;
  if (!Number.isSafeInteger(Math.ceil(expected)) || end - begin !== expected)
    throw invalid(
      `"${key}" of shape [${shape.join(", ")}] ${dtype} should have ${expected} bytes but has ${end - begin}`,
    );
  return { dtype, shape, offset: dataStart + begin, length: end - begin };
}

/** Tensors must fill the data without holes or overlaps, to its very end. */
function checkLayout(
  tensors: ReadonlyMap<string, SafetensorsEntry>,
  dataStart: number,
  fileSize: number,
  invalid: (what: string) => Error,
): void {
  let position = dataStart;
  const inOrder = [...tensors].sort(([, a], [, b]) => a.offset - b.offset || a.length - b.length);
  for (const [key, { offset, length }] of inOrder) {
    if (offset !== position) throw invalid(`the data of "${key}" does not begin where the tensor before it ends`);
    position += length;
  }
  if (position > fileSize) throw invalid(`its data should end at byte ${position} but the file has ${fileSize}`);
  if (position < fileSize) throw invalid(`${fileSize - position} bytes at its end belong to no tensor`);
}

/** Header and bytes of a whole file in memory. @throws SAFETENSORS_INVALID */
export function parseSafetensors(bytes: Uint8Array, name?: string): SafetensorsHeader {
  return parseSafetensorsHeader(bytes.length, (offset, length) => bytes.subarray(offset, offset + length), name);
}

/** One tensor out of the bytes of a whole file, copied. @throws SAFETENSORS_INVALID for a dtype that arrays here cannot hold. */
export function readTensor(bytes: Uint8Array, entry: SafetensorsEntry): NdArray {
  const dtype = storedDtypes[entry.dtype];
  if (!dtype) throw new CoinageError("SAFETENSORS_INVALID", `Tensors of dtype ${entry.dtype} are not supported.`);
  const copy = new Uint8Array(bytes.subarray(entry.offset, entry.offset + entry.length)).buffer;
  return { dtype, shape: entry.shape, data: view(dtype, copy) };
}

function view(dtype: DType, buffer: ArrayBuffer): TypedArray {
  switch (dtype) {
    case "float64":
      return new Float64Array(buffer);
    case "float32":
      return new Float32Array(buffer);
    case "float16":
    case "bfloat16":
      return new Uint16Array(buffer);
    case "int64":
      return new BigInt64Array(buffer);
    case "int32":
      return new Int32Array(buffer);
    case "int16":
      return new Int16Array(buffer);
    case "int8":
      return new Int8Array(buffer);
    default:
      return new Uint8Array(buffer);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
