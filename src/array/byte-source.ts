/** Bytes to read from at any place: a file, or a buffer. */
export interface ByteSource {
  /** Absolute path of the file; it names the source in messages and in the places of tensors. */
  readonly path: string;
  readonly size: number;
  /** Bytes offset .. offset + length; throws when they reach past the end. */
  readonly read: (offset: number, length: number) => Uint8Array;
}

/** The bytes of a buffer; what is read is a view on them. path: what stands for it in messages. */
export function inMemory(bytes: Uint8Array, path: string): ByteSource {
  const read = (offset: number, length: number) => {
    if (!(offset >= 0 && length >= 0 && offset + length <= bytes.length))
      throw new RangeError(`${length} bytes at ${offset} of ${bytes.length} were asked for.`);
    return bytes.subarray(offset, offset + length);
  };
  return { path, size: bytes.length, read };
}
