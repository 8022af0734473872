import { writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { openSeeded, temporaryFolder, writePicture } from "../../../test/datasets.ts";

const at = temporaryFolder();
const start = process.cwd();
afterEach(() => process.chdir(start));

test("a config's paths begin where the user stands, else at the config's folder", async () => {
  for (const folder of ["set/cats", "here/cats"]) await writePicture(at(folder, "a.png"), 64, 64);
  await writeFile(
    at("set/d.toml"),
    "[[datasets]]\nresolution = 64\n[[datasets.subsets]]\nimage_dir = 'cats'\nclass_tokens = 'x'\n",
  );
  const found = async () =>
    (await openSeeded({ datasetConfig: at("set/d.toml") })).images.map(({ path: file }) => file);
  process.chdir(at());
  expect(await found()).toEqual([at("set/cats/a.png")]);
  process.chdir(at("here"));
  expect((await found()).map((file) => path.relative(at("here"), path.resolve(file)))).toEqual(["cats/a.png"]);
});

test("the concepts that are shipped can be trained from any folder", async () => {
  const concepts = fileURLToPath(new URL("../../../assets/concepts", import.meta.url));
  process.chdir(at());
  const { images, warnings } = await openSeeded({ datasetConfig: path.join(concepts, "pink-striped-cross.toml") });
  expect([images.length, warnings]).toEqual([expect.any(Number), []]);
  expect(images.length).toBeGreaterThan(4);
});
