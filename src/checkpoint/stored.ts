import { dtypeBytes, elementCount, type NdArray, type StoredArray, typedArrayOn } from "../array/index.ts";
import { CoinageError } from "../errors/index.ts";
import { withOpenFile } from "./open-file.ts";

/** The same bytes seen under another shape of as many elements. */
export function reshaped(stored: StoredArray, shape: readonly number[]): StoredArray {
  if (elementCount(shape) !== elementCount(stored.shape))
    throw new CoinageError("SHAPE", `[${stored.shape.join(", ")}] cannot be seen as [${shape.join(", ")}].`);
  return { dtype: stored.dtype, shape, bytes: stored.bytes };
}

/** A window on the rows (first axis) of a stored array; nothing is copied. @throws SHAPE when it has no such rows. */
export function rowsOf(stored: StoredArray, first: number, count: number): StoredArray {
  const [rows = 0, ...rest] = stored.shape;
  if (!Number.isInteger(first) || !Number.isInteger(count) || first < 0 || count < 0 || first + count > rows)
    throw new CoinageError("SHAPE", `rows ${first}..${first + count} of an array [${stored.shape.join(", ")}].`);
  const rowBytes = elementCount(rest) * dtypeBytes[stored.dtype];
  const { bytes } = stored;
  const window =
    bytes instanceof Uint8Array
      ? bytes.subarray(first * rowBytes, (first + count) * rowBytes)
      : { file: bytes.file, offset: bytes.offset + first * rowBytes, length: count * rowBytes };
  return { dtype: stored.dtype, shape: [count, ...rest], bytes: window };
}

/** The values of a stored array, read into memory. @throws FILE_UNREADABLE when the file has changed since. */
export function readStoredArray(stored: StoredArray): NdArray {
  const { bytes } = stored;
  const copy =
    bytes instanceof Uint8Array
      ? new Uint8Array(bytes)
      : withOpenFile(bytes.file, (file) => file.read(bytes.offset, bytes.length));
  return { dtype: stored.dtype, shape: stored.shape, data: typedArrayOn(stored.dtype, copy) };
}
