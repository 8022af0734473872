import { arrayTypes, type DType, dtypeBytes, type TypedArray } from "./dtype.ts";

/** The one place that uses the buffer behind an array. A Buffer, or a part of an array, is a window on a larger buffer that holds other bytes of the
 *  process: what is made of that buffer as a whole is wrong. Everything here keeps to the window. */

/** Exactly the bytes of an array: a view, and a plain one, so that slice() copies them (a Buffer's does not). */
export function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** A DataView on exactly the bytes of an array. */
export function dataViewOn(array: ArrayBufferView): DataView {
  return new DataView(array.buffer, array.byteOffset, array.byteLength);
}

/** The numbers that bytes hold: a view on them where they lie at a multiple of the number's size, else on a copy.
 *  @throws RangeError when they end within a number */
export function typedArrayOn(dtype: DType, bytes: Uint8Array): TypedArray {
  const each = dtypeBytes[dtype];
  if (bytes.length % each !== 0)
    throw new RangeError(`${bytes.length} bytes are not a whole number of ${dtype} values.`);
  const { buffer, byteOffset } = bytes.byteOffset % each === 0 ? bytes : new Uint8Array(bytes);
  const View: new (buffer: ArrayBufferLike, offset: number, length: number) => TypedArray = arrayTypes[dtype];
  return new View(buffer, byteOffset, bytes.length / each);
}

/** The buffers of arrays, to transfer to another thread with whatever else they hold. A shared one cannot be transferred. */
export function buffersToTransfer(arrays: readonly ArrayBufferView[]): ArrayBuffer[] {
  return arrays.flatMap(({ buffer }) => (buffer instanceof ArrayBuffer ? buffer : []));
}

/** Bytes to read from at any place: a file, or a buffer. */
export interface ByteSource {
  /** Absolute path of the file; it names the source in messages and in the places of tensors. */
  readonly path: string;
  readonly size: number;
  /** Bytes offset .. offset + length; throws when they reach past the end. */
  readonly read: (offset: number, length: number) => Uint8Array;
}

/** The bytes of a buffer; what is read is a view on them. path: its name in messages. */
export function inMemory(bytes: Uint8Array, path: string): ByteSource {
  const read = (offset: number, length: number) => {
    if (!(offset >= 0 && length >= 0 && offset + length <= bytes.length))
      throw new RangeError(`${length} bytes at ${offset} of ${bytes.length} were requested.`);
    return bytes.subarray(offset, offset + length);
  };
  return { path, size: bytes.length, read };
}
