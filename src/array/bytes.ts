import { arrayTypes, type DType, dtypeBytes, type TypedArray } from "./dtype.ts";

/** The only place that uses the buffer behind an array. A Buffer or a subarray is a view of a larger buffer that holds other data of this
 *  process, so using that buffer as a whole is wrong. Everything here stays within the view. */

/** Exactly the bytes of an array: a view, and always a plain Uint8Array, so that slice() copies (a Buffer's does not). */
export function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** A DataView on exactly the bytes of an array. */
export function dataViewOn(array: ArrayBufferView): DataView {
  return new DataView(array.buffer, array.byteOffset, array.byteLength);
}

/** The numbers that bytes hold: a view if they start at a multiple of the number's size, else a copy.
 *  @throws RangeError if the bytes end within a number */
export function typedArrayOn(dtype: DType, bytes: Uint8Array): TypedArray {
  const each = dtypeBytes[dtype];
  if (bytes.length % each !== 0)
    throw new RangeError(`${bytes.length} bytes are not a whole number of ${dtype} values.`);
  const { buffer, byteOffset } = bytes.byteOffset % each === 0 ? bytes : new Uint8Array(bytes);
  const View: new (buffer: ArrayBufferLike, offset: number, length: number) => TypedArray = arrayTypes[dtype];
  return new View(buffer, byteOffset, bytes.length / each);
}

/** The buffers of arrays, for transfer to another thread; everything else in a buffer goes with it. Shared buffers are left out: they cannot be transferred. */
export function buffersToTransfer(arrays: readonly ArrayBufferView[]): ArrayBuffer[] {
  return arrays.flatMap(({ buffer }) => (buffer instanceof ArrayBuffer ? buffer : []));
}

/** Bytes with random access: a file, or a buffer. */
export interface ByteSource {
  /** Absolute path of the file; it identifies the source in messages and in the places of tensors. */
  readonly path: string;
  readonly size: number;
  /** Bytes offset .. offset + length; throws when they reach past the end. */
  readonly read: (offset: number, length: number) => Uint8Array;
}

/** A buffer as a source; reads return views of it. path: its name in messages. */
export function inMemory(bytes: Uint8Array, path: string): ByteSource {
  const read = (offset: number, length: number) => {
    if (!(offset >= 0 && length >= 0 && offset + length <= bytes.length))
      throw new RangeError(`${length} bytes at ${offset} of ${bytes.length} were requested.`);
    return bytes.subarray(offset, offset + length);
  };
  return { path, size: bytes.length, read };
}
