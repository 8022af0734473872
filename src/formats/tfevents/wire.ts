import { dataViewOn } from "../../array/index.ts";

/** Fields of protobuf messages as bytes; a message is its fields, joined. Source: protobuf.dev, "Encoding". */

export function doubleField(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(9);
  bytes[0] = (field << 3) | 1;
  dataViewOn(bytes).setFloat64(1, value, true);
  return bytes;
}

export function floatField(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(5);
  bytes[0] = (field << 3) | 5;
  dataViewOn(bytes).setFloat32(1, value, true);
  return bytes;
}

/** value: a whole number from 0. */
export function integerField(field: number, value: number): Uint8Array {
  return joined(varint(field << 3), varint(value));
}

export function textField(field: number, text: string): Uint8Array {
  return bytesField(field, new TextEncoder().encode(text));
}

/** A field of bytes, or of a message inside a message. */
export function bytesField(field: number, bytes: Uint8Array): Uint8Array {
  return joined(varint((field << 3) | 2), varint(bytes.length), bytes);
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Uint8Array.of(...bytes, rest);
}
