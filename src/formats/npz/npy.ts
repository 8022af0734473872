import { type DType, dtypeBytes, elementCount, type NdArray, typedArrayOn } from "../../array/index.ts";
import { CoinageError } from "../../errors/index.ts";

/** NumPy's type codes of the arrays we can hold. */
const dtypes: Readonly<Record<string, DType>> = {
  "<f8": "float64",
  "<f4": "float32",
  "<f2": "float16",
  "<i8": "int64",
  "<i4": "int32",
  "<i2": "int16",
  "|i1": "int8",
  "|u1": "uint8",
  "|b1": "bool",
};

/** NumPy's signature: its first byte is 0x93, which no text encoding is to be trusted with (that of TextDecoder("latin1") is windows-1252). */
const signature = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59);

/** The array of a .npy file. @throws NPZ_INVALID when it is damaged or of a type we cannot hold */
export function parseNpy(file: Uint8Array): NdArray {
  if (signature.some((byte, i) => file[i] !== byte)) throw invalid("it lacks NumPy's signature");
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const isLong = file[6]! >= 2;
  const start = isLong ? 12 : 10;
  const end = start + (isLong ? view.getUint32(8, true) : view.getUint16(8, true));
  const header = new TextDecoder().decode(file.subarray(start, end));
  const code = /'descr':\s*'([^']*)'/.exec(header)?.[1] ?? "";
  const shape = /'shape':\s*\(([^)]*)\)/
    .exec(header)?.[1]
    ?.split(",")
    .filter((side) => side.trim() !== "")
    .map(Number);
  const dtype = dtypes[code];
  if (!dtype || !shape || /'fortran_order':\s*True/.test(header))
    throw invalid(`its header is not supported (${header.trim()})`);
  const length = elementCount(shape) * dtypeBytes[dtype];
  if (file.length < end + length) throw invalid("it ends before its last number");
  // A copy, aligned and alone in its buffer; a Buffer's own slice would be neither.
  const bytes = new Uint8Array(file.subarray(end, end + length));
  return { dtype, shape, data: typedArrayOn(dtype, bytes.buffer) };
}

/** A .npy file (version 1.0) of an array. bfloat16 has no NumPy type. */
export function formatNpy({ dtype, shape, data }: NdArray): Uint8Array {
  const code = Object.keys(dtypes).find((candidate) => dtypes[candidate] === dtype);
  if (!code) throw invalid(`NumPy has no type ${dtype}`);
  const sides = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${code}', 'fortran_order': False, 'shape': (${sides}), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64;
  const header = new TextEncoder().encode(`${text.padEnd(length - 11)}\n`);
  const file = new Uint8Array(length + data.byteLength);
  file.set([...signature, 1, 0, header.length & 255, header.length >> 8]);
  file.set(header, 10);
  file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), length);
  return file;
}

function invalid(reason: string): CoinageError {
  return new CoinageError("NPZ_INVALID", `The array file cannot be used: ${reason}.`);
}
