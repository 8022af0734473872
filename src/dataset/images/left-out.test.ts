import { execFileSync } from "node:child_process";
import { copyFile, mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { openSeeded, temporaryFolder, writeCats, writePicture } from "../../../test/datasets.ts";
import { emptyDatasetError } from "../index.ts";

const at = temporaryFolder();
const resolution = [64, 64] as const;

/** Opens the folder p as --train_data_dir. Returns names of the images, and subjects of the warnings by kind. */
async function open(settings: object = {}) {
  const given = { trainDataDir: at("p"), classTokens: "x", resolution, ...settings };
  const group = await openSeeded(given);
  return {
    names: group.images.map(({ path: file }) => file.slice(at("p").length + 1)),
    kinds: new Map(group.warnings.map(({ kind, subjects }) => [kind, subjects])),
    error: emptyDatasetError(group, given),
  };
}

const ownKinds = ["captionFromClass", "pictureTwice"];
const oddOnes = (kinds: ReadonlyMap<string, unknown>) => [...kinds.keys()].filter((kind) => !ownKinds.includes(kind));

test("extensions match in any letter case, and everything that can be decoded is used", async () => {
  await writePicture(at("p/1_x/a.png"), 64, 64);
  const names = ["B.Png", "c.Jpg", "d.jfif", "e.tif", "f.GIF", "g.TIFF", "h.apng", "i.AVIF", "j.Bmp"];
  for (const name of names) await copyFile(at("p/1_x/a.png"), at("p/1_x", name));
  const { names: used, kinds } = await open();
  expect(used.sort()).toEqual(["a.png", ...names].map((name) => `1_x/${name}`).sort());
  expect(oddOnes(kinds)).toEqual([]);
});

test("system files and captions are left out silently", async () => {
  await writePicture(at("p/1_x/a.png"), 64, 64);
  for (const name of ["._a.png", ".DS_Store", "Thumbs.db", "desktop.ini", "a.txt", "a.tags", "notes.md"])
    await writeFile(at("p/1_x", name), "x");
  await mkdir(at("p/.git"));
  await mkdir(at("p/__MACOSX"));
  await writePicture(at("p/1_x/.cache/b.png"), 64, 64);
  const { names, kinds } = await open({ captionExtension: ".tags" });
  expect(names).toEqual(["1_x/a.png"]);
  expect(oddOnes(kinds)).toEqual([]);
});

test("images that cannot be read, have another extension or lie in sub-folders are named", async () => {
  await writePicture(at("p/1_x/a.png"), 64, 64);
  for (const name of ["b.heic", "c.PSD", "d.cr2", "e.svg", "f.mov"]) await writeFile(at("p/1_x", name), "x");
  for (const name of ["photo", "g.jpg_large", "h.png.bak"]) await copyFile(at("p/1_x/a.png"), at("p/1_x", name));
  await writePicture(at("p/1_x/more/i.png"), 64, 64);
  await mkdir(at("p/1_x/none"));
  const { names, kinds } = await open();
  expect(names).toEqual(["1_x/a.png"]);
  const inFolder = (...found: string[]) => found.map((name) => at("p/1_x", name));
  expect(kinds.get("pictureUndecodable")).toEqual(inFolder("b.heic", "c.PSD", "d.cr2", "e.svg", "f.mov"));
  expect(kinds.get("pictureMisnamed")).toEqual(inFolder("g.jpg_large", "h.png.bak", "photo"));
  expect(kinds.get("subfolderWithPictures")).toEqual(inFolder("more"));
});

test("for an image with the extension of another format the hint is to rename it, not to export it; a camera's raw file begins like TIFF", async () => {
  await writePicture(at("p/1_x/a.png"), 64, 64);
  await copyFile(at("p/1_x/a.png"), at("p/1_x/b.HEIC"));
  await writeFile(at("p/1_x/c.dng"), "II*\0raw");
  const { names, kinds } = await open();
  expect(names).toEqual(["1_x/a.png"]);
  expect(kinds.get("pictureMisnamed")).toEqual([at("p/1_x/b.HEIC")]);
  expect(kinds.get("pictureUndecodable")).toEqual([at("p/1_x/c.dng")]);
});

test("a sub-folder that is itself a subset is not reported as missed", async () => {
  await writePicture(at("p/a.png"), 64, 64);
  await writePicture(at("p/more/b.png"), 64, 64);
  const subset = (folder: string) => `[[datasets.subsets]]\nimage_dir = '${folder}'\nclass_tokens = 'x'\n`;
  await writeFile(at("d.toml"), `[[datasets]]\n${subset(at("p"))}${subset(at("p/more"))}`);
  const { kinds } = await open({ datasetConfig: at("d.toml"), trainDataDir: undefined });
  expect(oddOnes(kinds)).toEqual([]);
});

test("folders whose names set no repeats, and entries that lead to nothing, are named", async () => {
  await writePicture(at("p/1_x/a.png"), 64, 64);
  for (const name of ["0_x", "-1_x", "cats"]) await writePicture(at("p", name, "b.png"), 64, 64);
  await symlink("elsewhere", at("p/5_gone"));
  await writePicture(at("p/c.png"), 64, 64);
  const { names, kinds } = await open();
  expect(names).toEqual(["1_x/a.png"]);
  expect(kinds.get("subsetWithoutRepeats")).toEqual([at("p/-1_x"), at("p/0_x")]);
  expect(kinds.get("folderWithoutRepeats")).toEqual([at("p/cats")]);
  expect(kinds.get("entryUnreachable")).toEqual([
    `${at("p/5_gone")} (it is a link to elsewhere, which does not exist)`,
  ]);
  expect(kinds.get("picturesBesideFolders")).toEqual([at("p/c.png")]);
});

test.skipIf(process.platform === "win32")("a pipe among the images is an error, and nothing waits for it", async () => {
  await mkdir(at("p/1_x"), { recursive: true });
  execFileSync("mkfifo", [at("p/1_x/a.png")]);
  await expect(open()).rejects.toMatchObject({
    code: "PICTURE_UNREADABLE",
    message: expect.stringContaining("it is a pipe, not a file"),
  });
});

test("pictures that cannot be enlarged are too small, not too thin", async () => {
  await writePicture(at("p/1_x/small.png"), 50, 40);
  await writePicture(at("p/1_x/thin.png"), 3000, 10);
  const { names, kinds } = await open({ enableBucket: true, bucketNoUpscale: true, minBucketReso: 64 });
  expect(names).toEqual([]);
  expect(kinds.get("pictureTooSmall")).toEqual([`${at("p/1_x/small.png")} (50x40)`]);
  expect(kinds.get("aspectTooThin")).toEqual([at("p/1_x/thin.png")]);
});

test("a class folder that asks for millions of repeats is refused before lists of them are made", async () => {
  await writePicture(at("p/9999999_x/a.png"), 64, 64);
  await expect(open()).rejects.toMatchObject({
    code: "DATASET_CONFIG",
    where: expect.stringContaining("num_repeats 9999999"),
  });
});

test("several images that cannot be read for different reasons are reported with what to do about each", async () => {
  await writePicture(at("p/1_x/a.png"), 64, 64);
  await symlink("gone.png", at("p/1_x/b.png"));
  await writeFile(at("p/1_x/c.png"), "no picture");
  await expect(open()).rejects.toMatchObject({
    message: "2 images cannot be read.",
    hint: expect.stringMatching(/Restore the image[\s\S]*save it again/),
  });
});

test("metadata finds images without an extension in any letter case", async () => {
  await writePicture(at("p/a.Png"), 64, 64);
  await writePicture(at("p/sub/b.jfif"), 64, 64);
  await writeFile(at("meta.json"), JSON.stringify({ a: { caption: "x" }, "sub/b": { caption: "x" } }));
  const { names } = await open({ inJson: at("meta.json") });
  expect(names.sort()).toEqual(["a.Png", "sub/b.jfif"]);
});

test("a metadata key whose image cannot be read is not called missing", async () => {
  await mkdir(at("p"));
  await writeFile(at("p/a.heic"), "x");
  await writeFile(at("meta.json"), JSON.stringify({ a: { caption: "x" } }));
  await expect(open({ inJson: at("meta.json") })).rejects.toMatchObject({
    code: "DATASET_CONFIG",
    message: 'The image for the key "a" has a format that is not supported: a.heic.',
  });
});

test("for metadata keys relative to the working directory, the folder to give is suggested, and it works", async () => {
  // deeper than the current folder: otherwise the key's many ".." would end at the root, and the image would be found from p
  const deep = at(`${"d/".repeat(process.cwd().split(path.sep).length)}p`);
  await writePicture(path.join(deep, "a.png"), 64, 64);
  const key = path.relative("", path.join(deep, "a.png"));
  await writeFile(at("meta.json"), JSON.stringify({ [key]: { caption: "x" } }));
  await expect(openSeeded({ inJson: at("meta.json"), trainDataDir: deep, resolution })).rejects.toMatchObject({
    hint: expect.stringContaining("--train_data_dir . "),
  });
  const group = await openSeeded({ inJson: at("meta.json"), trainDataDir: ".", resolution });
  expect(group.images).toHaveLength(1);
});

test("nothing is reported about a clean dataset", async () => {
  expect((await openSeeded(await writeCats(at("cats")))).warnings).toEqual([]);
});
