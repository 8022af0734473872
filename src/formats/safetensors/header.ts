import { type ByteSource, type DType, dataViewOn, elementCount } from "../../array/index.ts";
import { limits } from "../../budget/index.ts";
import { CoinageError } from "../../errors/index.ts";
import { isRecord, type JsonOutline, outlineOf } from "../json/index.ts";

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

/** Bytes per element of every dtype name of the format; for sub-byte types bits / 8. */
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

/** The dtypes that arrays can hold, by name. */
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

/** Reads the header of a .safetensors file, with all checks of the reference reader, and one that no name appears twice.
 *  Nothing beyond the header is read.
 *  @throws SAFETENSORS_INVALID naming what is wrong, with the source's path */
export function parseSafetensorsHeader(source: ByteSource): SafetensorsHeader {
  const invalid: Invalid = (what, cause) =>
    new CoinageError("SAFETENSORS_INVALID", `${source.path} is not a valid .safetensors file: ${what}.`, {
      hint: "The file is damaged, truncated or of another kind. Download or save it again.",
      cause,
    });
  const { header, dataStart } = readHeader(source, invalid);
  const { __metadata__: metadata, ...entries } = header;
  const tensors = new Map(
    Object.entries(entries).map(([key, value]) => [key, parseEntry(key, value, dataStart, invalid)]),
  );
  checkLayout(tensors, dataStart, source.size, invalid);
  return { metadata: parseMetadata(metadata, invalid), tensors };
}

type Invalid = (what: string, cause?: unknown) => Error;

function readHeader({ size, read }: ByteSource, invalid: Invalid) {
  if (size < 8) throw invalid(`it has only ${size} bytes`);
  const headerLength = dataViewOn(read(0, 8)).getBigUint64(0, true);
  if (headerLength > BigInt(limits.safetensorsHeader.max)) throw invalid(`it claims a header of ${headerLength} bytes`);
  const dataStart = 8 + Number(headerLength);
  if (dataStart > size) throw invalid(`its header of ${headerLength} bytes is truncated`);
  let outline: JsonOutline;
  let header: unknown;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(read(8, Number(headerLength)));
    outline = outlineOf(text);
    header = outline.depth > limits.nesting.max ? undefined : JSON.parse(text);
  } catch (cause) {
    throw invalid("its header is not JSON in UTF-8", cause);
  }
  if (outline.depth > limits.nesting.max) throw invalid("its header is nested too deeply");
  if (!isRecord(header)) throw invalid("its header is not a JSON object");
  if (outline.repeatedName !== undefined)
    throw invalid(`the name "${outline.repeatedName}" appears twice in its header`);
  return { header, dataStart };
}

function parseMetadata(metadata: unknown, invalid: Invalid): Record<string, string> {
  if (metadata === undefined || metadata === null) return {};
  if (!isRecord(metadata)) throw invalid("its metadata is not an object");
  const odd = Object.entries(metadata).find(([, text]) => typeof text !== "string");
  if (odd) throw invalid(`the metadata entry "${odd[0]}" is not a string`);
  // Without a prototype: an entry may have any name.
  return Object.assign(Object.create(null), metadata) as Record<string, string>;
}

function parseEntry(key: string, value: unknown, dataStart: number, invalid: Invalid): SafetensorsEntry {
  if (!isRecord(value)) throw invalid(`the entry of "${key}" is not an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string" || !Object.hasOwn(storedBytes, dtype))
    throw invalid(`"${key}" has ${typeof dtype === "string" ? `the unknown dtype ${dtype}` : "no dtype"}`);
  if (!isSizes(shape) || shape.length > limits.rank.max) throw invalid(`"${key}" has no valid shape`);
  if (!isSizes(offsets) || offsets.length !== 2) throw invalid(`"${key}" has no valid data_offsets`);
  const [begin, end] = offsets as [number, number];
  const expected = elementCount(shape) * storedBytes[dtype]!;
  if (!Number.isSafeInteger(Math.ceil(expected)) || end - begin !== expected)
    throw invalid(
      `"${key}" of shape [${shape.join(", ")}] ${dtype} should have ${expected} bytes but has ${end - begin}`,
    );
  return { dtype, shape, offset: dataStart + begin, length: end - begin };
}

/** Tensors must fill the data completely, without holes or overlaps. */
function checkLayout(
  tensors: ReadonlyMap<string, SafetensorsEntry>,
  dataStart: number,
  fileSize: number,
  invalid: Invalid,
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

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
