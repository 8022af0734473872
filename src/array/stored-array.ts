import type { DType } from "./nd-array.ts";

/** A frozen array that lies in a file (or, where the file holds it in no usable form, in memory): row-major, little-endian. */
export interface StoredArray {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly bytes: FileRegion | Uint8Array;
}

/** Bytes of a file. */
export interface FileRegion {
  /** Absolute path. */
  readonly file: string;
  readonly offset: number;
  readonly length: number;
}
