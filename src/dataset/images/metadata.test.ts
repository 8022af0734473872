import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { readMetadata } from "./metadata.ts";

const folder = mkdtempSync(path.join(tmpdir(), "metadata-"));
afterAll(() => rmSync(folder, { recursive: true }));

function put(text: string): string {
  const file = path.join(folder, "meta.json");
  writeFileSync(file, text);
  return file;
}

test("every key of a metadata file is a picture, also one named like what objects inherit", async () => {
  const entries = await readMetadata(put('{"__proto__": {"caption": "a"}, "constructor": {"tags": "b"}}'));
  expect(entries.map(({ key, caption, tags }) => [key, caption, tags])).toEqual([
    ["__proto__", "a", undefined],
    ["constructor", "", "b"],
  ]);
});

test.each([
  ['{"a.png": {"tags": 7}}', "a.png.tags: Invalid input"],
  ['{"a.png": 7}', "a.png: Invalid input"],
  ["[]", "expected an object by key"],
  ["null", "expected an object by key"],
  ["{", "JSON"],
])("the metadata %s is refused, saying where", async (text, reason) => {
  await expect(readMetadata(put(text))).rejects.toMatchObject({
    code: "DATASET_CONFIG",
    message: expect.stringContaining(reason),
    where: path.join(folder, "meta.json"),
  });
});
