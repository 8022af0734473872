import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { openSeeded, temporaryFolder, writeCats, writePicture } from "../../../test/datasets.ts";
import { readMetadata } from "./metadata.ts";

const folder = mkdtempSync(path.join(tmpdir(), "metadata-"));
afterAll(() => rmSync(folder, { recursive: true }));

function put(text: string): string {
  const file = path.join(folder, "meta.json");
  writeFileSync(file, text);
  return file;
}

test("every key of a metadata file is an image, even one named like an inherited property", async () => {
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

const at = temporaryFolder();

test("cache_info writes captions and sizes, and reads nothing else afterwards", async () => {
  const settings = { ...(await writeCats(at("cats"))), cacheInfo: true };
  const group = await openSeeded(settings);
  expect(group.warnings.map(({ kind }) => kind)).toEqual(["infoCacheMissing"]);
  for (let i = 0; i < 5; i++) await rm(at("cats/3_cat", `${i}.txt`));
  const again = await openSeeded(settings);
  expect(again.images).toEqual(group.images);
});

test("images added after the cache was written are named; those of a validation split are not", async () => {
  const settings = { ...(await writeCats(at("cats"))), cacheInfo: true };
  await openSeeded(settings);
  await writePicture(at("cats/3_cat/new.png"), 128, 128);
  const { warnings } = await openSeeded(settings);
  expect(warnings).toMatchObject([{ kind: "infoCacheIncomplete", subjects: [at("cats/3_cat/new.png")] }]);
  expect((await openSeeded({ ...settings, validationSplit: 0.4 })).warnings).toEqual([]);
});

test("a size stated in metadata that is not the image's own is not trained on", async () => {
  const settings = await writeCats(at("cats"));
  await openSeeded({ ...settings, cacheInfo: true });
  await writePicture(at("cats/3_cat/0.png"), 64, 192);
  await writeFile(at("meta.json"), JSON.stringify({ "0.png": { caption: "a", image_size: [128, 128] } }));
  const fromMetadata = { ...settings, inJson: at("meta.json"), trainDataDir: at("cats/3_cat") };
  for (const told of [{ ...settings, cacheInfo: true }, fromMetadata]) {
    const { images, warnings } = await openSeeded(told);
    expect(images.find(({ path }) => path.endsWith("0.png"))).toMatchObject({ size: [64, 192], bucket: [64, 192] });
    expect(warnings).toContainEqual(
      expect.objectContaining({ kind: "sizeTold", subjects: [`${at("cats/3_cat/0.png")} (64x192, not 128x128)`] }),
    );
  }
});
