import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { openSeeded, temporaryFolder, writePicture } from "../../../test/datasets.ts";

const at = temporaryFolder();
const start = process.cwd();
afterEach(() => process.chdir(start));

test("a config's paths are relative to the working directory, or else to the config's folder", async () => {
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

test("keys named like inherited properties are unknown keys, in JSON as in TOML", async () => {
  await writeFile(at("p.json"), '{"datasets": [],\n "__proto__": {"datasets": [{"subsets": []}]},\n "constructor": 1}');
  await expect(openSeeded({ datasetConfig: at("p.json") })).rejects.toMatchObject({
    code: "DATASET_CONFIG",
    where: expect.stringMatching(/p\.json, line 2: __proto__.*\n.*p\.json, line 3: constructor/),
  });
  await writeFile(at("p.toml"), 'constructor = 1\n["__proto__"]\ndatasets = 1\n');
  await expect(openSeeded({ datasetConfig: at("p.toml") })).rejects.toMatchObject({
    where: expect.stringMatching(/line 1: constructor.*\n.*line 2: __proto__/),
  });
  await expect(openSeeded({ datasetConfig: at("p.toml") })).rejects.not.toMatchObject({
    where: expect.stringContaining("It belongs into"),
  });
  expect(({} as { datasets?: unknown }).datasets).toBeUndefined();
});

test.each([
  [
    "a number of 300 digits",
    "json",
    `{"general": {\n"resolution": ${"9".repeat(300)}}}`,
    /line 2: general\.resolution/,
  ],
  ["a number of 300 digits", "toml", `[general]\nresolution = [64, ${"9".repeat(300)}]`, /line 2: general\.resolution/],
  [
    "numbers of a million digits",
    "json",
    `{"general": {"resolution": ${"9".repeat(1_000_000)}}}`,
    /general\.resolution/,
  ],
  ["lists in lists", "json", `{"datasets": ${"[".repeat(200_000)}${"]".repeat(200_000)}}`, /d\.json/],
  ["tables in tables", "toml", `${"a.".repeat(20_000)}a = 1`, /d\.toml/],
])("%s are a mistake in %s", async (_, ending, text, where) => {
  await writeFile(at(`d.${ending}`), text);
  await expect(openSeeded({ datasetConfig: at(`d.${ending}`) })).rejects.toMatchObject({
    code: "DATASET_CONFIG",
    where: expect.stringMatching(where),
  });
});

test.each([
  ["100,000 values under a key of 100 kB", "json", `{"${"k".repeat(100_000)}": [${"1,".repeat(100_000)}1]}`],
  ["100,000 keys in a table with a name of 100 kB", "toml", `["${"t".repeat(100_000)}"]\n${lines((i) => `k${i} = 1`)}`],
  ["100,000 lines before a mistake", "json", `{"general": {\n${lines((i) => `"k${i}": 1,`)}\n"x": }}`],
  ["a text of lines that look like tables", "toml", `a = """\n${`[${" ".repeat(50_000)}\n`.repeat(10)}"""`],
  ["a text of 2 MB", "json", `{"a": "${'x\\"'.repeat(700_000)}"}`],
])("%s are read in time: %s", async (_, ending, text) => {
  await writeFile(at(`d.${ending}`), text);
  await expect(openSeeded({ datasetConfig: at(`d.${ending}`) })).rejects.toMatchObject({ code: "DATASET_CONFIG" });
});

function lines(line: (i: number) => string): string {
  return Array.from({ length: 100_000 }, (_, i) => line(i)).join("\n");
}

test.skipIf(process.platform === "win32")("nothing waits for a pipe in place of a config", async () => {
  execFileSync("mkfifo", [at("pipe.toml"), at("pipe.json")]);
  for (const name of ["pipe.toml", "pipe.json"])
    await expect(openSeeded({ datasetConfig: at(name) })).rejects.toMatchObject({
      code: "DATASET_CONFIG",
      message: expect.stringContaining("it is a pipe"),
    });
});
