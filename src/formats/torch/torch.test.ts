import { expect, test } from "vitest";
import { inMemory } from "../../array/index.ts";
import { CoinageError } from "../../errors/index.ts";
import { openZip } from "../zip/index.ts";
import { isMap, isTensor, type PickleMap, readTorchFile, storedTensor, writeTorchFile } from "./index.ts";

const vectors = { dtype: "float32", shape: [2, 3], data: Float32Array.of(1, -2, 3.5, 0, 1e-8, 7) } as const;
const halves = { dtype: "bfloat16", shape: [4], data: Uint16Array.of(0x3f80, 0xc000, 0, 1) } as const;

test("what is written is read back: tensors bit for bit, texts, whole numbers, None, nested dicts", () => {
  const source = inMemory(
    writeTorchFile({
      string_to_param: { "*": vectors },
      name: "Schnee ☃",
      step: 70_000,
      past: -1,
      hash: null,
      on: true,
      halves,
    }),
    "word.pt",
  );
  const value = dict(readTorchFile(source).value);
  expect([...value.keys()]).toEqual(["string_to_param", "name", "step", "past", "hash", "on", "halves"]);
  expect([value.get("name"), value.get("step"), value.get("past"), value.get("hash"), value.get("on")]).toEqual([
    "Schnee ☃",
    70_000n,
    -1n,
    null,
    true,
  ]);
  for (const [tensor, { dtype, shape, data }] of [
    [dict(value.get("string_to_param")).get("*"), vectors],
    [value.get("halves"), halves],
  ] as const) {
    if (!isTensor(tensor)) throw new Error("no tensor");
    const stored = storedTensor(source, tensor, dtype);
    if (stored.bytes instanceof Uint8Array) throw new Error("not mapped");
    expect(stored.shape).toEqual(shape);
    expect(source.read(stored.bytes.offset, stored.bytes.length)).toEqual(new Uint8Array(data.buffer));
  }
});

test("the archive has only the members that the web UI's reader accepts", () => {
  const source = inMemory(writeTorchFile({ clip_l: vectors, clip_g: halves }, "word"), "word.pt");
  const { entries } = openZip(source, (what) => new Error(what));
  expect([...entries.keys()]).toEqual(["word/data.pkl", "word/data/0", "word/data/1", "word/version"]);
});

test("a file cut anywhere is refused with a code", () => {
  const bytes = writeTorchFile({ emb_params: vectors });
  for (let length = 0; length < bytes.length; length += 7) {
    const source = inMemory(bytes.subarray(0, length), "cut.pt");
    expect(() => readTorchFile(source)).toThrow(expect.objectContaining({ code: "TORCH_FILE_INVALID" }));
  }
});

test("a file with any byte changed is read or refused, but never crashes the reader", () => {
  const bytes = writeTorchFile({ emb_params: vectors });
  for (let at = 0; at < bytes.length; at++) {
    for (const change of [0x01, 0x80, 0xff]) {
      const changed = Uint8Array.from(bytes);
      changed[at]! ^= change;
      try {
        readTorchFile(inMemory(changed, "changed.pt"));
      } catch (error) {
        if (!(error instanceof CoinageError)) throw error;
      }
    }
  }
});

test("the error names the refused global and the file", () => {
  const pickle = new TextEncoder().encode("cos\nsystem\n.");
  const source = inMemory(Uint8Array.of(0x80, 2, ...pickle), "in memory");
  expect(() => readTorchFile(source)).toThrow(
    expect.objectContaining({
      code: "PICKLE_REFUSED",
      message: expect.stringContaining('"os.system"'),
      where: "in memory",
    }),
  );
});

function dict(value: unknown): PickleMap {
  if (!isMap(value as PickleMap)) throw new Error("no dict");
  return value as PickleMap;
}
