import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { readWeightFile } from "../src/checkpoint/index.ts";
import { readEmbeddingFile } from "../src/embedding/index.ts";
import { inspectFile } from "../src/inspect/index.ts";

function hostile(name: string): string {
  return fileURLToPath(new URL(`./hostile/${name}`, import.meta.url));
}

/** The problems that inspecting a file reports. */
async function problemsOf(name: string): Promise<readonly string[]> {
  return (await inspectFile(hostile(name))).problems.map(({ code }) => code);
}

test.each([
  ["st-dtype-object.safetensors", "SAFETENSORS_INVALID"],
  ["png-deep-tensor.png", "EMBEDDING_INVALID"],
  ["pkl-tuple-key-40.pt", "EMBEDDING_UNRECOGNIZED"],
  ["pkl-400-stride0.pt", "TORCH_FILE_INVALID"],
  ["pkl-shared-shape.pt", "TORCH_FILE_INVALID"],
])("%s is inspected at once, and its problem has a code", async (name, code) => {
  expect(await problemsOf(name)).toEqual([code]);
});

test.each([
  ["st-dtype-object.safetensors", "SAFETENSORS_INVALID"],
  ["png-deep-tensor.png", "EMBEDDING_INVALID"],
  ["pkl-tuple-key-40.pt", "EMBEDDING_UNRECOGNIZED"],
  ["pkl-shared-shape.pt", "TORCH_FILE_INVALID"],
])("%s is no embedding", async (name, code) => {
  await expect(readEmbeddingFile(hostile(name))).rejects.toThrow(expect.objectContaining({ code }));
});

test("tensors that repeat their storage 400 times are not unfolded", () => {
  const refusal = expect.objectContaining({ code: "TORCH_FILE_INVALID", message: expect.stringContaining("memory") });
  expect(() => readWeightFile(hostile("pkl-400-stride0.pt"))).toThrow(refusal);
});
