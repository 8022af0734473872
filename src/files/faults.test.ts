import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { type Fault, FaultyDisk, faults } from "../../test/faulty-disk.ts";
import { replaceDisk, systemDisk } from "./disk.ts";
import { folderOrPrevious, writeFileAtomically, writeFolderAtomically } from "./index.ts";

const work = mkdtempSync(path.join(os.tmpdir(), "coinage-faults-"));
afterAll(() => rmSync(work, { recursive: true }));
let folders = 0;

/** Repeats an action in a new folder, with a fault in its first disk operation, its second, and so on, until it has no more. */
async function forEveryOperation(
  fault: Fault,
  prepare: (folder: string) => Promise<void>,
  work_: (folder: string) => Promise<void>,
  check: (folder: string, error: unknown) => Promise<void>,
): Promise<number> {
  for (let at = 1; ; at++) {
    const folder = path.join(work, String(folders++));
    mkdirSync(folder);
    await prepare(folder);
    const disk = new FaultyDisk(at, fault);
    const restore = replaceDisk(disk);
    const error: unknown = await work_(folder)
      .then(
        () => undefined,
        (error) => error,
      )
      .finally(restore);
    disk.settle();
    await check(folder, error);
    if (disk.operations < at) return at - 1;
  }
}

const visible = (folder: string): string[] => readdirSync(folder).filter((name) => !name.startsWith("."));

describe.each(faults)("when the n-th operation of the disk fails (%s)", (fault) => {
  test("a file is the old one or the new one, and the new one once writing it has returned", async () => {
    const file = (folder: string) => path.join(folder, "word.pt");
    const count = await forEveryOperation(
      fault,
      (folder) => writeFileAtomically(file(folder), "the old word"),
      (folder) => writeFileAtomically(file(folder), "the new word"),
      async (folder, error) => {
        const found = readFileSync(file(folder), "utf8");
        expect(["the old word", "the new word"]).toContain(found);
        if (error)
          expect(error).toMatchObject({ code: "OUTPUT_UNWRITABLE", message: expect.stringContaining("word.pt") });
        else expect(found).toBe("the new word");
        if (!fault.startsWith("cut")) expect(readdirSync(folder)).toEqual(["word.pt"]);
      },
    );
    expect(count).toBeGreaterThanOrEqual(4);
  });

  test("a folder is wholly the old one or wholly the new one", async () => {
    const state = (folder: string) => path.join(folder, "word-state");
    const count = await forEveryOperation(
      fault,
      (folder) => writeFolderAtomically(state(folder), { a: "old a", b: "old b" }),
      (folder) => writeFolderAtomically(state(folder), { a: "new a", b: "new b" }),
      async (folder, error) => {
        const standing = await folderOrPrevious(state(folder));
        const found = readdirSync(standing).map((name) => readFileSync(path.join(standing, name), "utf8"));
        expect([
          ["old a", "old b"],
          ["new a", "new b"],
        ]).toContainEqual(found);
        if (!error) expect(found).toEqual(["new a", "new b"]);
        if (!fault.startsWith("cut") && standing === state(folder)) expect(visible(folder)).toEqual(["word-state"]);
      },
    );
    expect(count).toBeGreaterThanOrEqual(9);
  });
});

test("the faulty disk loses what a careless writer did not sync", async () => {
  const folder = path.join(work, "careless");
  mkdirSync(folder);
  for (const [fault, left] of [
    ["cut", []],
    ["cut-data", [["word.pt", ""]]],
  ] as const) {
    const disk = new FaultyDisk(3, fault);
    await disk.write(path.join(folder, "part"), "the word");
    await disk.rename(path.join(folder, "part"), path.join(folder, "word.pt"));
    await expect(disk.sync(folder)).rejects.toMatchObject({ code: "EIO" });
    disk.settle();
    expect(readdirSync(folder).map((name) => [name, readFileSync(path.join(folder, name), "utf8")])).toEqual(left);
    await systemDisk.remove(path.join(folder, "word.pt"));
  }
});
