import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { deflatedZip } from "../../test/deflated-zip.ts";
import { readJson } from "../../test/goldens.ts";
import { type NdArray, toFloat32 } from "../array/index.ts";
import { isList, isMap, isTensor, type PickleValue, readTorchFile, storedTensor } from "../formats/torch/index.ts";
import { readStoredArray, readWeightFile, withOpenFile } from "./index.ts";

const folder = mkdtempSync(path.join(tmpdir(), "stored-"));
afterAll(() => rmSync(folder, { recursive: true }));

function fixture(...parts: string[]): string {
  return fileURLToPath(new URL(path.posix.join("../../test", ...parts), import.meta.url));
}

/** Every tensor of a PyTorch file, by its path through dicts and lists. */
function arraysIn(file: string): Map<string, NdArray> {
  return withOpenFile(file, (source) => {
    const found = new Map<string, NdArray>();
    const visit = (value: PickleValue, name: string): void => {
      if (isMap(value)) for (const [key, item] of value) visit(item, `${name}/${String(key)}`);
      else if (isList(value)) for (const [i, item] of value.entries()) visit(item, `${name}/${i}`);
      else if (isTensor(value) && value.dtype.dtype)
        found.set(name, readStoredArray(storedTensor(source, value, value.dtype.dtype)));
    };
    visit(readTorchFile(source).value, "");
    return found;
  });
}

const pickles = fixture("goldens/pickles");
const cases = readJson<{ name: string; file: string; outcome: string; container: string }[]>(pickles, "index.json");
const readable = cases.filter(({ outcome, container }) => outcome === "ok" && container === "zip");

test("a deflated file gives the numbers of the stored one, whatever the layout of its tensors", () => {
  expect(readable.map(({ name }) => name)).toContain("everything-zip-torch-new");
  for (const { name, file } of readable) {
    const stored = path.join(pickles, file);
    const deflated = path.join(folder, name);
    writeFileSync(deflated, deflatedZip(readFileSync(stored)));
    expect(arraysIn(deflated), name).toEqual(arraysIn(stored));
  }
});

test("a window on a deflated storage gives its own numbers, at its start and behind it", () => {
  const rows = readStoredArray(readWeightFile(fixture("hostile/deflated-2x4.pt")).tensors.get("word")!);
  expect(rows).toEqual({ dtype: "float32", shape: [2, 4], data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8) });
  const [second] = readWeightFile(fixture("hostile/deflated-offset-8.pt")).tensors.values();
  const behind = toFloat32(readStoredArray(second!));
  expect(behind.shape).toEqual([2, 768]);
  expect([...new Set(behind.data.subarray(0, 768)), ...new Set(behind.data.subarray(768))]).toEqual([5, 6]);
});
