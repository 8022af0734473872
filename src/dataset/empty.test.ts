import { execFileSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { afterEach, expect, test } from "vitest";
import { openSeeded, temporaryFolder, writePicture } from "../../test/datasets.ts";
import type { DatasetSettings } from "./config/keys.ts";
import { emptyDatasetError } from "./index.ts";

const at = temporaryFolder();
const start = process.cwd();
afterEach(() => process.chdir(start));

/** The error of a dataset without images. */
async function errorOf(settings: DatasetSettings) {
  const given = { resolution: [64, 64] as const, ...settings };
  const group = await openSeeded(given);
  expect(group.batchesPerEpoch).toBe(0);
  return emptyDatasetError(group, given);
}

test("images directly in the folder are reported, with two remedies; the suggested flag works", async () => {
  for (const name of ["a.png", "b.jpg"]) await writePicture(at("my pics", name), 64, 64);
  const { message, where, hint } = await errorOf({ trainDataDir: at("my pics") });
  expect(message).toBe(`2 images are directly in ${at("my pics")}, not in a subfolder named REPEATS_CLASS.`);
  expect(where).toContain(at("my pics/a.png"));
  expect(hint).toContain(`--image_dir "${at("my pics")}" instead of --train_data_dir`);
  const settings = { imageDir: at("my pics"), tokenString: "mycat", datasetRepeats: 4, resolution: [64, 64] } as const;
  const { images } = await openSeeded(settings);
  expect(images.map(({ caption, repeats }) => [caption, repeats])).toEqual([
    ["mycat", 4],
    ["mycat", 4],
  ]);
});

test("images directly in the folder are used with a recipe; in one with REPEATS_CLASS folders only those are", async () => {
  for (const name of ["a.png", "b.jpg"]) await writePicture(at("my pics", name), 64, 64);
  await writePicture(at("my pics/others/c.png"), 64, 64);
  const settings = { trainDataDir: at("my pics"), tokenString: "mycat", resolution: [64, 64], recipe: "auto" } as const;
  const found = await openSeeded({ ...settings, datasetRepeats: 3 });
  expect(found.images.map(({ path, caption, repeats }) => [path, caption, repeats])).toEqual([
    [at("my pics/a.png"), "mycat", 3],
    [at("my pics/b.jpg"), "mycat", 3],
  ]);
  expect(found.warnings.map(({ kind }) => kind)).toContain("subfolderWithPictures");
  await writePicture(at("my pics/5_cat/d.png"), 64, 64);
  const mixed = await openSeeded(settings);
  expect(mixed.images.map(({ path, repeats }) => [path, repeats])).toEqual([[at("my pics/5_cat/d.png"), 5]]);
  expect(mixed.warnings.map(({ kind }) => kind)).toContain("picturesBesideFolders");
});

test("for a folder of the kind that should lie inside, the folder above is suggested", async () => {
  await writePicture(at("pictures/20_mycat/a.png"), 64, 64);
  process.chdir(at());
  for (const [given, parent] of [
    ["pictures/20_mycat", "pictures"],
    ["pictures/20_mycat/", "pictures"],
    ["./pictures/20_mycat", "pictures"],
    [at("pictures/20_mycat"), at("pictures")],
  ] as const)
    expect((await errorOf({ trainDataDir: given })).hint).toContain(`--train_data_dir ${parent},`);
  process.chdir(at("pictures/20_mycat"));
  expect((await errorOf({ trainDataDir: "." })).hint).toContain("--train_data_dir ..,");
});

test("for the parent of the folder that is meant, or one whose name sets no repeats, what to give is suggested", async () => {
  await writePicture(at("data/pictures/20_mycat/a.png"), 64, 64);
  expect((await errorOf({ trainDataDir: at("data") })).hint).toContain(`--train_data_dir ${at("data/pictures")}`);
  await writePicture(at("cats/mycat/a.png"), 64, 64);
  expect((await errorOf({ trainDataDir: at("cats") })).hint).toBe(
    `Rename ${at("cats/mycat")} to ${at("cats/10_mycat")}, or use it as it is: --image_dir ${at("cats/mycat")} instead of --train_data_dir.`,
  );
});

test("for a mistyped folder, the one that was meant is suggested", async () => {
  await writePicture(at("pictures/20_mycat/a.png"), 64, 64);
  expect(await errorOf({ trainDataDir: at("picturs") })).toMatchObject({
    where: expect.stringContaining(`this is not a folder: ${at("picturs")}`),
    hint: `Did you mean ${at("pictures")}?`,
  });
  expect((await errorOf({ imageDir: at("picturs") })).hint).toBe(`Did you mean ${at("pictures")}?`);
  const subset = "[[datasets]]\n[[datasets.subsets]]\nimage_dir = 'picturs/20_mycat'\n";
  await writeFile(at("d.toml"), subset);
  process.chdir(at());
  expect((await errorOf({ datasetConfig: at("d.toml") })).where).toContain("Did you mean pictures/20_mycat?");
});

test("a folder of images in other formats is not a folder without images", async () => {
  await mkdir(at("p/1_x"), { recursive: true });
  await mkdir(at("p/2_empty"));
  for (const name of ["a.heic", "b.HEIC"]) await writeFile(at("p/1_x", name), "x");
  const { message, where, hint } = await errorOf({ trainDataDir: at("p") });
  expect([message, hint]).toEqual([
    "None of the images can be read (2 in unsupported formats).",
    "Export them as PNG or JPEG.",
  ]);
  expect(where).toContain(at("p/1_x/a.heic"));
  expect(where).toMatch(/no images: [^\n]*2_empty/);
  expect(where).not.toMatch(/no images: [^\n]*1_x/);
});

test("repeats below 1, and a dataset of regularisation images only, are reported as such", async () => {
  await writePicture(at("p/0_my_cat/a.png"), 64, 64);
  expect((await errorOf({ trainDataDir: at("p") })).hint).toContain(
    `Rename ${at("p/0_my_cat")} to ${at("p/1_my_cat")}`,
  );
  const configured = async (subset: object) => {
    const subsets = [{ image_dir: at("p/0_my_cat"), class_tokens: "x", ...subset }];
    await writeFile(at("d.json"), JSON.stringify({ datasets: [{ subsets }] }));
    return errorOf({ datasetConfig: at("d.json") });
  };
  expect((await configured({ num_repeats: 0 })).hint).toContain("Set num_repeats to 1 or more");
  const { message, hint } = await configured({ is_reg: true });
  expect(message).toContain("only regularisation images");
  expect(hint).toContain("without is_reg");
});

test("a folder that gives no regularisation images is reported, with what lies in it", async () => {
  await writePicture(at("p/1_x/a.png"), 64, 64);
  await writePicture(at("reg/b.png"), 64, 64);
  const settings = { trainDataDir: at("p"), regDataDir: at("reg"), resolution: [64, 64] } as const;
  const told = async () =>
    (await openSeeded(settings)).warnings
      .filter(({ kind }) => kind.startsWith("regularisation"))
      .map(({ kind, subjects }) => [kind, ...subjects]);
  expect(await told()).toEqual([
    ["regularisationBesideFolders", at("reg/b.png")],
    ["regularisationNone", at("reg")],
  ]);
  await writePicture(at("reg/1_cat/b.png"), 64, 64);
  expect(await told()).toEqual([["regularisationBesideFolders", at("reg/b.png")]]);
});

test("for a folder whose images lie in sub-folders, and for an image instead of a folder, what to give is suggested", async () => {
  await writePicture(at("a/5_cat/a.png"), 64, 64);
  await writePicture(at("b/cat/a.png"), 64, 64);
  process.chdir(at());
  expect((await errorOf({ imageDir: "a" })).hint).toContain("--train_data_dir a instead of --image_dir");
  expect((await errorOf({ imageDir: "b" })).hint).toContain("--image_dir b/cat");
  expect((await errorOf({ imageDir: "b/cat/a.png" })).hint).toContain("--image_dir b/cat");
  expect((await errorOf({ trainDataDir: "b/cat/a.png" })).hint).toContain("--image_dir b/cat");
});

test("why a folder has no images is reported once", async () => {
  await mkdir(at("p"));
  await writeFile(at("p/a.heic"), "x");
  for (const imageDir of [at("p"), at("none")]) {
    const { warnings } = await openSeeded({ imageDir, resolution: [64, 64] });
    expect(warnings).toHaveLength(1);
  }
});

test.skipIf(process.platform === "win32")("suggested folders are quoted for the shell", async () => {
  await writePicture(at("my $pics", "it's", "a.png"), 64, 64);
  const { hint } = await errorOf({ trainDataDir: at("my $pics", "it's") });
  const [, offered] = /--image_dir (.*) instead/.exec(hint!)!;
  expect(execFileSync("sh", ["-c", `printf %s ${offered}`], { encoding: "utf8" })).toBe(at("my $pics", "it's"));
});
