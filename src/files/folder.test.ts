import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { removeFolder, standingFolder, writeFolderAtomically } from "./index.ts";

const work = mkdtempSync(path.join(os.tmpdir(), "coinage-files-"));
afterAll(() => rmSync(work, { recursive: true }));

const contents = (folder: string): [string, string][] =>
  readdirSync(folder).map((name) => [name, readFileSync(path.join(folder, name), "utf8")]);

test("a folder is written, replaced as a whole and removed, and leaves nothing beside it", async () => {
  const folder = path.join(work, "state");
  await writeFolderAtomically(folder, { a: "1", b: new Uint8Array([50]) });
  expect(contents(folder)).toEqual([
    ["a", "1"],
    ["b", "2"],
  ]);
  await writeFolderAtomically(folder, { c: "3" });
  expect(contents(folder)).toEqual([["c", "3"]]);
  expect(readdirSync(work)).toEqual(["state"]);
  await removeFolder(folder);
  expect(readdirSync(work)).toEqual([]);
});

test("what a cut-off writing left is written over", async () => {
  const folder = path.join(work, "again");
  mkdirSync(path.join(work, ".again.part"));
  writeFileSync(path.join(work, ".again.part", "old"), "half");
  await writeFolderAtomically(folder, { whole: "1" });
  expect(contents(folder)).toEqual([["whole", "1"]]);
  expect(readdirSync(work)).toEqual(["again"]);
  await removeFolder(folder);
});

test("between the two renames of a replacement the old folder is found", async () => {
  const folder = path.join(work, "swap");
  await writeFolderAtomically(folder, { old: "1" });
  expect(await standingFolder(folder)).toBe(folder);
  renameSync(folder, path.join(work, ".swap.previous"));
  expect(contents(await standingFolder(folder))).toEqual([["old", "1"]]);
  await writeFolderAtomically(folder, { new: "2" });
  expect(contents(await standingFolder(folder))).toEqual([["new", "2"]]);
  expect(readdirSync(work)).toEqual(["swap"]);
});

test("where nothing can be written, nothing is lost", async () => {
  writeFileSync(path.join(work, "plain"), "");
  await expect(writeFolderAtomically(path.join(work, "plain", "state"), { a: "1" })).rejects.toMatchObject({
    code: "OUTPUT_UNWRITABLE",
  });
});
