import { dataViewOn } from "../../array/index.ts";

/** Writes the fields of a protobuf message into a growing buffer. Source: protobuf.dev, "Encoding". */
export class ProtobufWriter {
  #bytes = new Uint8Array(1024);
  #length = 0;

  /** An integer field (wire type 0); negative numbers as 64-bit two's complement. */
  integer(field: number, value: number): this {
    return this.#varint(field << 3).#varint(value);
  }

  /** A 32-bit float field (wire type 5). */
  float(field: number, value: number): this {
    this.#varint((field << 3) | 5).#reserve(4);
    dataViewOn(this.#bytes).setFloat32(this.#length, value, true);
    this.#length += 4;
    return this;
  }

  /** A 64-bit float field (wire type 1). */
  double(field: number, value: number): this {
    this.#varint((field << 3) | 1).#reserve(8);
    dataViewOn(this.#bytes).setFloat64(this.#length, value, true);
    this.#length += 8;
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    return this.message(field, () => {
      this.#reserve(value.length);
      this.#bytes.set(value, this.#length);
      this.#length += value.length;
    });
  }

  text(field: number, value: string): this {
    return this.message(field, () => {
      this.#reserve(3 * value.length);
      this.#length += encoder.encodeInto(value, this.#bytes.subarray(this.#length)).written;
    });
  }

  /** A nested message. The callback writes it into this writer; its length, known only then, is inserted before it. */
  message(field: number, write: (writer: this) => void): this {
    this.#varint((field << 3) | 2);
    const start = this.#length;
    write(this);
    const end = this.#length;
    this.#varint(end - start);
    const prefix = this.#bytes.slice(end, this.#length);
    this.#bytes.copyWithin(start + prefix.length, start, end);
    this.#bytes.set(prefix, start);
    return this;
  }

  /** The bytes written so far. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Seven bits per byte, lowest first; for a negative number those of its 64-bit two's complement, which take ten bytes. Division reaches bits that shifts would lose. */
  #varint(value: number): this {
    let rest = value;
    this.#reserve(10);
    for (let count = 0; count < 9 && (rest > 127 || rest < 0); count++) {
      this.#bytes[this.#length++] = (rest & 127) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = rest < 0 ? 1 : rest;
    return this;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

const encoder = new TextEncoder();
