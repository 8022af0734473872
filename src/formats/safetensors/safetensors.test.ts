import { describe, expect, test } from "vitest";
import { parseSafetensors, readTensor, writeSafetensors } from "./index.ts";

const weights = { dtype: "float32", shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) } as const;
const halves = { dtype: "bfloat16", shape: [3], data: Uint16Array.of(1, 2, 3) } as const;
const scalar = { dtype: "int64", shape: [], data: BigInt64Array.of(-5n) } as const;

/** A file with the given header and `dataBytes` bytes of data. */
function file(header: string, dataBytes = 0, length = new TextEncoder().encode(header).length): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(text, 8);
  return bytes;
}

function entry(dtype: string, shape: readonly unknown[], begin: number, end: number): string {
  return JSON.stringify({ dtype, shape, data_offsets: [begin, end] });
}

test("tensors and metadata come back as they were written, wide ones first", () => {
  const tensors = new Map<string, typeof weights | typeof halves | typeof scalar>([
    ["b", halves],
    ["c", weights],
    ["a", weights],
    ["s", scalar],
  ]);
  const bytes = writeSafetensors({ tensors, metadata: { format: "pt" } });
  const { tensors: entries, metadata } = parseSafetensors(bytes);
  expect(metadata).toEqual({ format: "pt" });
  expect([...entries.keys()]).toEqual(["s", "a", "c", "b"]);
  for (const [name, tensor] of tensors) expect(readTensor(bytes, entries.get(name)!)).toEqual(tensor);
});

test("metadata is an object without a prototype, whatever its entries are called", () => {
  const { metadata } = parseSafetensors(file('{"__metadata__":{"__proto__":"a","constructor":"b"}}'));
  expect(Object.getPrototypeOf(metadata)).toBe(null);
  expect(Object.entries(metadata)).toEqual([
    ["__proto__", "a"],
    ["constructor", "b"],
  ]);
});

describe("read as the reference reads", () => {
  test.each([
    ["no tensors", file("{}")],
    ["a header with white space around it", file(" {}   ")],
    ["null for metadata", file('{"__metadata__":null}')],
    ["a tensor without elements", file(`{"a":${entry("F32", [0, 4], 0, 0)}}`)],
    ["kinds of number that nothing here can hold", file(`{"a":${entry("F8_E4M3", [3], 0, 3)}}`, 3)],
    [
      "a name with quotes, brackets and a text of megabytes",
      file(JSON.stringify({ __metadata__: { '"}\\"': `\\"${"{[".repeat(2e6)}` } })),
    ],
    ["fields it does not know", file('{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1],"more":1}}', 1)],
  ])("%s", (_, bytes) => {
    expect(() => parseSafetensors(bytes)).not.toThrow();
  });
});

describe("refused, saying why", () => {
  test.each([
    ["only 7 bytes", new Uint8Array(7)],
    ["no dtype", file('{"a":{"dtype":{"toString":1},"shape":[],"data_offsets":[0,0]}}')],
    ["no dtype", file(`{"a":{"dtype":${"[".repeat(90)}${"]".repeat(90)},"shape":[],"data_offsets":[0,0]}}`)],
    ["nested too deeply", file(`{"a":${"[".repeat(200_000)}${"]".repeat(200_000)}}`)],
    ["no valid shape", file(`{"a":${entry("U8", new Array(65).fill(1), 0, 1)}}`, 1)],
    ["should have NaN bytes", file(`{"a":${entry("U8", [...new Array(40).fill(2 ** 53 - 1), 0], 0, 0)}}`)],
    ["claims a header of 100000001 bytes", file("{}", 0, 100_000_001)],
    ["truncated", file("{}", 0, 3)],
    ["not JSON", file("{")],
    ["not JSON in UTF-8", file("{}").map((byte) => (byte === 0x7d ? 0xff : byte))],
    ["not a JSON object", file("[]")],
    ["metadata is not an object", file('{"__metadata__":"x"}')],
    ['"n" is not a string', file('{"__metadata__":{"n":1}}')],
    ['the entry of "a" is not an object', file('{"a":1}')],
    ["unknown dtype F5", file(`{"a":${entry("F5", [1], 0, 1)}}`, 1)],
    ["unknown dtype constructor", file(`{"a":${entry("constructor", [1], 0, 1)}}`, 1)],
    ["no valid shape", file(`{"a":${entry("U8", [-1], 0, 1)}}`, 1)],
    ["no valid shape", file(`{"a":${entry("U8", [0.5], 0, 1)}}`, 1)],
    ["should have 8 bytes but has 4", file(`{"a":${entry("F32", [2], 0, 4)}}`, 4)],
    ["should have", file(`{"a":${entry("U8", [2 ** 30, 2 ** 30, 2 ** 30], 0, 1)}}`, 1)],
    ["does not begin where", file(`{"a":${entry("U8", [1], 1, 2)}}`, 2)],
    ["does not begin where", file(`{"a":${entry("U8", [2], 0, 2)},"b":${entry("U8", [2], 1, 3)}}`, 3)],
    ["should end at byte", file(`{"a":${entry("U8", [4], 0, 4)}}`, 2)],
    ["1 bytes at its end belong to no tensor", file(`{"a":${entry("U8", [1], 0, 1)}}`, 2)],
    ['the name "a" appears twice', file(`{"a":${entry("U8", [1], 0, 1)},"a" :${entry("U8", [], 0, 1)}}`, 1)],
    ['the name "shape" appears twice', file(`{"a":{"shape":[],${entry("U8", [1], 0, 1).slice(1)}}`, 1)],
    ['the name "k" appears twice', file(`{"__metadata__":{"k":"1","k":"2"},"a":${entry("U8", [1], 0, 1)}}`, 1)],
    ['the name "a" appears twice', file(`{"a":${entry("U8", [1], 0, 1)},"\\u0061":${entry("U8", [], 0, 1)}}`, 1)],
  ])("%s", (message, bytes) => {
    expect(() => parseSafetensors(bytes)).toThrow(
      expect.objectContaining({ code: "SAFETENSORS_INVALID", message: expect.stringContaining(message) }),
    );
  });
});

test("names and metadata called like inherited properties are written and read like others", () => {
  const array = { dtype: "float32", shape: [1], data: new Float32Array([7]) } as const;
  const metadata = Object.fromEntries([
    ["__proto__", "a"],
    ["constructor", "b"],
  ]);
  const bytes = writeSafetensors({
    tensors: new Map([
      ["__proto__", array],
      ["toString", array],
    ]),
    metadata,
  });
  const header = parseSafetensors(bytes);
  expect([...header.tensors.keys()].sort()).toEqual(["__proto__", "toString"]);
  expect(Object.entries(header.metadata).sort()).toEqual(Object.entries(metadata).sort());
  expect(({} as { a?: unknown }).a).toBeUndefined();
});
