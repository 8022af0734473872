import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { replaceDisk, systemDisk } from "./disk.ts";
import { folderOrPrevious, makeFolder, prepareOutputFolder, removeFolder, writeFolderAtomically } from "./index.ts";

const work = mkdtempSync(path.join(os.tmpdir(), "coinage-files-"));
afterAll(() => rmSync(work, { recursive: true }));

const contents = (folder: string): [string, string][] =>
  readdirSync(folder).map((name) => [name, readFileSync(path.join(folder, name), "utf8")]);

test("a folder is written, replaced as a whole and removed, with nothing left beside it", async () => {
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

test("between the two renames of a replacement the old folder is found", async () => {
  const folder = path.join(work, "swap-state");
  await writeFolderAtomically(folder, { old: "1" });
  expect(await folderOrPrevious(folder)).toBe(folder);
  renameSync(folder, path.join(work, ".swap-state.previous"));
  expect(contents(await folderOrPrevious(folder))).toEqual([["old", "1"]]);
  await writeFolderAtomically(folder, { new: "2" });
  expect(contents(await folderOrPrevious(folder))).toEqual([["new", "2"]]);
  expect(readdirSync(work)).toEqual(["swap-state"]);
});

test("an output folder on a full disk is reported, with what to do", async () => {
  const full = Object.assign(new Error("no space"), { code: "ENOSPC", syscall: "write" });
  const restore = replaceDisk({ ...systemDisk, write: () => Promise.reject(full) });
  const folder = path.join(work, "full");
  await expect(prepareOutputFolder(folder, "--output_dir").finally(restore)).rejects.toMatchObject({
    code: "OUTPUT_UNWRITABLE",
    hint: "Choose another folder, or make room on its disk.",
  });
});

test("where nothing can be written, nothing is lost", async () => {
  writeFileSync(path.join(work, "plain"), "");
  await expect(writeFolderAtomically(path.join(work, "plain", "state"), { a: "1" })).rejects.toMatchObject({
    code: "OUTPUT_UNWRITABLE",
  });
});

test("a folder is made together with its parents; making it again changes nothing", () => {
  const folder = path.join(work, "made", "of", "several");
  makeFolder(folder);
  writeFileSync(path.join(folder, "a"), "1");
  makeFolder(folder);
  expect(contents(folder)).toEqual([["a", "1"]]);
});

test("a file in the way, or a system that allows no folders there, is an error at once", () => {
  const file = path.join(work, "in-the-way");
  writeFileSync(file, "");
  expect(() => makeFolder(file)).toThrow("EEXIST");
  expect(() => makeFolder(path.join(file, "below"))).toThrow(/ENOTDIR|EEXIST/);
  if (process.platform === "linux") expect(() => makeFolder("/proc/none/below")).toThrow("ENOENT");
});
