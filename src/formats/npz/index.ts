import { crc32 } from "node:zlib";
import {
  type ByteSource,
  bytesOf,
  type DType,
  dataViewOn,
  dtypeBytes,
  elementCount,
  inMemory,
  type NdArray,
  typedArrayOn,
} from "../../array/index.ts";
import { Budget, limits, requireWithin } from "../../budget/index.ts";
import { CoinageError } from "../../errors/index.ts";
import { openZip, writeZip } from "../zip/index.ts";

/** Whether a file is a zip archive of .npy files. */
export function isNpz(source: ByteSource): boolean {
  if (source.size < 4 || dataViewOn(source.read(0, 4)).getUint32(0) !== 0x504b0304) return false;
  try {
    return [...openZip(source, unreadable).entries.keys()].some((name) => name.endsWith(".npy"));
  } catch (error) {
    if (error instanceof CoinageError) return false;
    throw error;
  }
}

/** The arrays of an .npz file as .npy files, by name; `parseNpy` reads them. @throws NPZ_INVALID */
export function openNpz(file: Uint8Array): Map<string, Uint8Array> {
  const zip = openZip(inMemory(file, "the .npz file"), unreadable);
  const unpacked = new Budget("npzUnpacked", { code: "NPZ_INVALID", subject: "The .npz file" });
  return new Map(
    [...zip.entries].map(([name, entry]) => {
      // Stored members are views of the file, each in a place of its own.
      if (entry.method !== 0) unpacked.spend(entry.size);
      const bytes = zip.read(entry, entry.size);
      if (crc32(bytes) !== entry.crc32) throw unreadable(`its array "${name}" is damaged`);
      return [name.replace(/\.npy$/, ""), bytes];
    }),
  );
}

/** An .npz file with members named as by `numpy.savez`. Arrays that are .npy files already are kept as they are. */
export function writeNpz(arrays: ReadonlyMap<string, NdArray | Uint8Array>): Uint8Array {
  return writeZip(
    [...arrays].map(([name, array]) => ({
      name: `${name}.npy`,
      bytes: array instanceof Uint8Array ? array : formatNpy(array),
    })),
  );
}

function unreadable(what: string, cause?: unknown): CoinageError {
  return new CoinageError("NPZ_INVALID", `The .npz file cannot be read: ${what}.`, { cause });
}

/** NumPy's type codes of the dtypes that arrays can hold. */
const dtypes: ReadonlyMap<string, DType> = new Map([
  ["<f8", "float64"],
  ["<f4", "float32"],
  ["<f2", "float16"],
  ["<i8", "int64"],
  ["<i4", "int32"],
  ["<i2", "int16"],
  ["|i1", "int8"],
  ["|u1", "uint8"],
  ["|b1", "bool"],
]);

/** NumPy's signature: its first byte is 0x93, so it is compared as bytes (TextDecoder("latin1") decodes windows-1252). */
const signature = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59);

/** The array in a .npy file. @throws NPZ_INVALID if it is damaged or of a type that arrays cannot hold */
export function parseNpy(file: Uint8Array): NdArray {
  if (signature.some((byte, i) => file[i] !== byte)) throw invalid("it lacks NumPy's signature");
  const view = dataViewOn(file);
  const start = (file[6] ?? 0) >= 2 ? 12 : 10;
  if (file.length < start) throw invalid("it ends within its header");
  const headerLength = start === 12 ? view.getUint32(8, true) : view.getUint16(8, true);
  requireWithin("npyHeader", headerLength, { code: "NPZ_INVALID", subject: "The header of an array file" });
  const end = start + headerLength;
  if (file.length < end) throw invalid("it ends within its header");
  const { dtype, shape } = parseHeader(new TextDecoder().decode(file.subarray(start, end)));
  const length = elementCount(shape) * dtypeBytes[dtype];
  // Not `>`: the product of many sides may be NaN.
  if (!(end + length <= file.length)) throw invalid("it ends before its last number");
  return { dtype, shape, data: typedArrayOn(dtype, new Uint8Array(file.subarray(end, end + length))) };
}

/** Dtype and shape from a header such as `{'descr': '<f4', 'fortran_order': False, 'shape': (4, 8, 8), }`. */
function parseHeader(text: string): Pick<NdArray, "dtype" | "shape"> {
  const unsupported = () => invalid(`its header is not supported (${JSON.stringify(text.trim().slice(0, 100))})`);
  const members = new Map<string, string>();
  const member = /\s*'(\w+)'\s*:\s*('[^']*'|\([^()]*\)|\w+)\s*,?/y;
  let end = text.indexOf("{") + 1;
  member.lastIndex = end;
  for (let match = member.exec(text); match; match = member.exec(text)) {
    members.set(match[1]!, match[2]!);
    end = member.lastIndex;
  }
  const dtype = dtypes.get(members.get("descr")?.slice(1, -1) ?? "");
  const shape = shapeOf(members.get("shape"));
  if (!dtype || !shape || members.get("fortran_order") !== "False") throw unsupported();
  if (text.slice(end).trim() !== "}") throw unsupported();
  return { dtype, shape };
}

/** The sides of a tuple such as `(4, 8, 8)`, `(4,)` or, from Python 2, `(4L, 8L)`; undefined if no array can have them. */
function shapeOf(tuple: string | undefined): number[] | undefined {
  if (!tuple?.startsWith("(")) return undefined;
  const sides = tuple.slice(1, -1).trimEnd().replace(/,$/, "").split(",");
  if (sides.length === 1 && sides[0] === "") return [];
  const shape = sides.map((side) => (/^\s*\d+L?\s*$/.test(side) ? Number.parseInt(side, 10) : Number.NaN));
  return shape.length <= limits.rank.max && shape.every(Number.isSafeInteger) ? shape : undefined;
}

/** A .npy file (version 1.0) of an array. bfloat16 has no NumPy type. */
export function formatNpy({ dtype, shape, data }: NdArray): Uint8Array {
  const code = [...dtypes].find(([, known]) => known === dtype)?.[0];
  if (!code) throw invalid(`NumPy has no type ${dtype}`);
  const sides = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${code}', 'fortran_order': False, 'shape': (${sides}), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64;
  const header = new TextEncoder().encode(`${text.padEnd(length - 11)}\n`);
  const file = new Uint8Array(length + data.byteLength);
  file.set([...signature, 1, 0, header.length & 255, header.length >> 8]);
  file.set(header, 10);
  file.set(bytesOf(data), length);
  return file;
}

function invalid(reason: string): CoinageError {
  return new CoinageError("NPZ_INVALID", `The array file cannot be used: ${reason}.`);
}
