import { expect, test } from "vitest";
import { inMemory } from "../../array/index.ts";
import { writeZip } from "../zip/index.ts";
import { readTorchFile } from "./index.ts";

/** A file of torch.save whose pickle runs these operations. */
function fileOf(...operations: readonly Uint8Array[]) {
  const pickle = [Uint8Array.of(0x80, 2), ...operations, Uint8Array.of(0x4e, 0x2e)];
  return inMemory(writeZip([{ name: "a/data.pkl", bytes: new Uint8Array(Buffer.concat(pickle)) }]), "hostile.pt");
}

function repeated(count: number, ...bytes: readonly number[]): Uint8Array {
  return new Uint8Array(bytes.length * count).map((_, i) => bytes[i % bytes.length]!);
}

const tooManySteps = expect.objectContaining({
  code: "TORCH_FILE_INVALID",
  message: expect.stringContaining("more than 4,000,000 steps"),
  where: "hostile.pt",
});

test.each([
  ["dicts", 300_000, [0x7d]],
  ["sets", 300_000, [0x8f]],
  ["lists", 1_000_000, [0x5d]],
  ["tuples", 1_000_000, [0x29]],
  ["numbers kept for later", 1_000_000, [0x4e, 0x94]],
  ["integers", 4_000_000, [0x4b, 1]],
  ["bytes", 1_000_000, [0x43, 0]],
  ["names", 300_000, [...Buffer.from("cargparse\nNamespace\n")]],
  ["objects", 400_000, [...Buffer.from("cargparse\nNamespace\n)R")]],
])("a pickle of masses of %s is given up before they fill the memory", (_, count, operations) => {
  expect(() => readTorchFile(fileOf(repeated(count, ...operations)))).toThrow(tooManySteps);
});

test("a dict copied thousands of times is refused", () => {
  // {0: None, 1: None, ... 255: None} memoized, then copied repeatedly.
  const entries = Uint8Array.from({ length: 3 * 256 }, (_, i) => [0x4b, i / 3, 0x4e][i % 3]!);
  const copy = [...Buffer.from("ccollections\nOrderedDict\n"), 0x68, 0, 0x85, 0x52, 0x30];
  const file = fileOf(Uint8Array.of(0x7d, 0x28), entries, Uint8Array.of(0x75, 0x71, 0), repeated(20_000, ...copy));
  expect(() => readTorchFile(file)).toThrow(tooManySteps);
});

test("many tensors that share one shape of 64 dimensions are refused", () => {
  const sizes = [0x28, ...new Array<number[]>(64).fill([0x4b, 1]).flat(), 0x74];
  const rebuild = [...Buffer.from("ctorch._utils\n_rebuild_tensor_v2\nq"), 0, 0x30];
  const storage = [...Buffer.from("(U\x07storagectorch\nFloatStorage\nU\x010U\x03cpu"), 0x4b, 1, 0x74, 0x51];
  const made = [0x28, ...storage, 0x4b, 0, ...sizes, ...sizes, 0x74, 0x71, 1, 0x30];
  const pickle = [[0x80, 2], rebuild, made, new Array<number[]>(200_000).fill([0x68, 0, 0x68, 1, 0x52]).flat(), [0x2e]];
  const members = [
    { name: "a/data.pkl", bytes: Uint8Array.from(pickle.flat()) },
    { name: "a/data/0", bytes: new Uint8Array(4) },
  ];
  expect(() => readTorchFile(inMemory(writeZip(members), "hostile.pt"))).toThrow(tooManySteps);
});

test("integers of a thousand bytes are read quickly, however many there are", () => {
  const integer = [0x8b, 0, 4, 0, 0, ...new Array<number>(1023).fill(255), 0x7f, 0x30];
  const start = performance.now();
  readTorchFile(fileOf(repeated(4000, ...integer)));
  expect(performance.now() - start).toBeLessThan(2000);
});
