import { dataViewOn } from "../../array/index.ts";
import { requireWithin } from "../../budget/index.ts";
import { damaged, tooMuch } from "./problems.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads a pickle stream field by field; every length is checked against the bytes left. */
export class PickleReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #position: number;

  constructor(bytes: Uint8Array, position = 0) {
    this.#bytes = bytes;
    this.#view = dataViewOn(bytes);
    this.#position = position;
  }

  get position(): number {
    return this.#position;
  }

  get bytesLeft(): number {
    return this.#bytes.length - this.#position;
  }

  uint8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#advance(4), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  /** A length of eight bytes; beyond 2^53 it is beyond the stream anyway. */
  uint64(): number {
    return Number(this.#view.getBigUint64(this.#advance(8), true));
  }

  /** Python writes its floats big-endian. */
  float64(): number {
    return this.#view.getFloat64(this.#advance(8), false);
  }

  bytes(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  text(length: number): string {
    const bytes = this.bytes(length);
    try {
      return utf8.decode(bytes);
    } catch (cause) {
      throw damaged("a text in its pickle is not UTF-8", cause);
    }
  }

  /** Text of a protocol without an encoding, one character per byte (latin-1), as Python 2 wrote its strings. */
  byteText(length: number): string {
    // Not TextDecoder("latin1"), which decodes windows-1252.
    return Buffer.from(this.bytes(length)).toString("latin1");
  }

  /** Text up to the next line feed, which is skipped. */
  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#position);
    if (end < 0) throw damaged("its pickle ends in the middle of a name");
    const text = this.text(end - this.#position);
    this.#position = end + 1;
    return text;
  }

  /** A little-endian integer in two's complement. */
  integer(length: number): bigint {
    requireWithin("pickleInteger", length, tooMuch("A number in the file's pickle"));
    const bytes = this.bytes(length);
    // Via hexadecimal digits: adding byte by byte takes quadratic time.
    return length === 0 ? 0n : BigInt.asIntN(8 * length, BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`));
  }

  #advance(length: number): number {
    if (!(length >= 0 && length <= this.bytesLeft))
      throw damaged(`its pickle ends ${length} bytes after byte ${this.#position}, but has ${this.#bytes.length}`);
    const start = this.#position;
    this.#position += length;
    return start;
  }
}
