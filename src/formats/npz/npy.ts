import type { DType, NdArray, TypedArray } from "../../array/index.ts";
import { CoinageError } from "../../errors/index.ts";

interface Kind {
  readonly dtype: DType;
  readonly array: new (buffer: ArrayBuffer) => TypedArray;
}

/** NumPy's type codes of the arrays we can hold. */
const kinds: Readonly<Record<string, Kind>> = {
  "<f8": { dtype: "float64", array: Float64Array },
  "<f4": { dtype: "float32", array: Float32Array },
  "<f2": { dtype: "float16", array: Uint16Array },
  "<i8": { dtype: "int64", array: BigInt64Array },
  "<i4": { dtype: "int32", array: Int32Array },
  "<i2": { dtype: "int16", array: Int16Array },
  "|i1": { dtype: "int8", array: Int8Array },
  "|u1": { dtype: "uint8", array: Uint8Array },
  "|b1": { dtype: "bool", array: Uint8Array },
};

const magic = "\x93NUMPY";

/** The array of a .npy file. @throws NPZ_INVALID when it is damaged or of a type we cannot hold */
export function parseNpy(file: Uint8Array): NdArray {
  const latin = new TextDecoder("latin1");
  if (latin.decode(file.subarray(0, 6)) !== magic) throw invalid("it lacks NumPy's signature");
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const isLong = file[6]! >= 2;
  const start = isLong ? 12 : 10;
  const end = start + (isLong ? view.getUint32(8, true) : view.getUint16(8, true));
  const header = latin.decode(file.subarray(start, end));
  const code = /'descr':\s*'([^']*)'/.exec(header)?.[1] ?? "";
  const shape = /'shape':\s*\(([^)]*)\)/
    .exec(header)?.[1]
    ?.split(",")
    .filter((side) => side.trim() !== "")
    .map(Number);
  const kind = kinds[code];
  if (!kind || !shape || /'fortran_order':\s*True/.test(header))
    throw invalid(`its header is not supported (${header.trim()})`);
  // A copy, aligned and alone in its buffer; a Buffer's own slice would be neither.
  const bytes = new Uint8Array(file.subarray(end));
  const array = new kind.array(bytes.buffer.slice(0, bytes.byteLength - (bytes.byteLength % widthOf(code))));
  const count = shape.reduce((product, side) => product * side, 1);
  if (array.length < count) throw invalid("it ends before its last number");
  return { dtype: kind.dtype, shape, data: array.subarray(0, count) as TypedArray };
}

/** A .npy file (version 1.0) of an array. bfloat16 has no NumPy type. */
export function formatNpy({ dtype, shape, data }: NdArray): Uint8Array {
  const code = Object.keys(kinds).find((candidate) => kinds[candidate]!.dtype === dtype);
  if (!code) throw invalid(`NumPy has no type ${dtype}`);
  const sides = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${code}', 'fortran_order': False, 'shape': (${sides}), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64;
  const header = new TextEncoder().encode(`${text.padEnd(length - 11)}\n`);
  const file = new Uint8Array(length + data.byteLength);
  // The signature begins with a byte that UTF-8 would encode as two.
  file.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8]);
  file.set(header, 10);
  file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), length);
  return file;
}

function widthOf(code: string): number {
  return Number(code.slice(2));
}

function invalid(reason: string): CoinageError {
  return new CoinageError("NPZ_INVALID", `The array file cannot be used: ${reason}.`);
}
