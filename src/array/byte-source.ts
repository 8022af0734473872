/** Bytes to read from at any place: a file, or a buffer. */
export interface ByteSource {
  /** Absolute path of the file; it names the source in messages and in the places of tensors. */
  readonly path: string;
  readonly size: number;
  /** Bytes offset .. offset + length; throws when they reach past the end. */
  readonly read: (offset: number, length: number) => Uint8Array;
}
