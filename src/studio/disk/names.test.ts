import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { folderInside, isInside, nameOnDisk, openInside, resolveInside, whyNotName } from "./names.ts";

const work = realpathSync(mkdtempSync(path.join(os.tmpdir(), "coinage-names-")));
afterAll(() => rmSync(work, { recursive: true, force: true }));
const root = path.join(work, "root");
mkdirSync(path.join(root, "inner", "deep"), { recursive: true });
mkdirSync(path.join(work, "root-beside"));
writeFileSync(path.join(work, "secret.txt"), "secret");
writeFileSync(path.join(root, "inner", "plain.txt"), "plain");
symlinkSync(work, path.join(root, "out"));
symlinkSync(path.join(work, "root-beside"), path.join(root, "beside"));
symlinkSync(path.join(root, "inner"), path.join(root, "in"));
symlinkSync(path.join(work, "secret.txt"), path.join(root, "inner", "link.txt"));

/** Pieces of path attacks, in any order, besides any text. */
const piece = fc.constantFrom(
  ...["..", ".", "/", "\\", "%2e", "%2f", "\0", "~", "inner", "out", "in", ":", "C:", "//", "...", " "],
  ...[
    "\u2025",
    "\uff0e",
    "\uff0f",
    "\u202e",
    "con",
    "NUL.txt",
    "aux",
    "日本",
    "ü",
    "u\u0308",
    "🐈",
    "\ud800",
    "a".repeat(300),
  ],
);
const name = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(piece, { maxLength: 6 }).map((parts) => parts.join("")),
);

describe("a path made from names", () => {
  test("lies in the root whatever the names are, or is refused", async () => {
    const names = fc.array(name, { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(names, async ([first, ...more]) => {
        const target = await resolveInside(root, first!, ...more).catch(() => undefined);
        expect(target === undefined || isInside(root, target)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test("of a folder lies in the root with all links resolved", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(name, { maxLength: 3 }), async (names) => {
        const folder = await folderInside(root, names).catch(() => undefined);
        expect(folder === undefined || isInside(root, realpathSync(folder))).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test("is one that every system can have", () => {
    fc.assert(
      fc.property(name, (text) => {
        fc.pre(whyNotName(text) === undefined);
        expect(path.posix.basename(text)).toBe(text);
        expect(path.win32.basename(text)).toBe(text);
        expect(Buffer.from(text).toString()).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });

  test.each(["out", "beside"])("does not lead through the link %s out of the root", async (link) => {
    await expect(resolveInside(root, link, "secret.txt")).rejects.toMatchObject({ code: "OUTSIDE_ROOT" });
    await expect(folderInside(root, [link])).rejects.toMatchObject({ code: "OUTSIDE_ROOT" });
  });

  test("may lead through a link that stays inside", async () => {
    expect(await folderInside(root, ["in", "deep"])).toBe(path.join(root, "inner", "deep"));
  });
});

test("a file is opened, a link to a file, a folder and nothing are not", async () => {
  const handle = await openInside(root, "inner", "plain.txt");
  expect(await handle.readFile("utf8")).toBe("plain");
  await handle.close();
  const others: readonly (readonly [string, ...string[]])[] = [["inner", "link.txt"], ["inner"], ["inner", "gone"]];
  for (const names of others)
    await expect(openInside(root, ...names)).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
});

test.each([
  ["", "empty"],
  ["..", "dot"],
  [".ssh", "dot"],
  ["a/b", "separator"],
  ["a\\b.jpg", "separator"],
  ["C:", "separator"],
  ["file.jpg:stream", "separator"],
  ["a\0b", "control"],
  ["a\nb", "control"],
  ["\u202egpj.exe", "control"],
  ["CON", "device"],
  ["con.jpg", "device"],
  ["Lpt9.tar.gz", "device"],
  ["NUL ", "dot or a blank"],
  ["a.", "dot or a blank"],
  ["日".repeat(86), "255"],
  ["\ud800", "Unicode"],
])("%j is refused as a name: %s", async (text, reason) => {
  expect(whyNotName(text)).toContain(reason);
  await expect(resolveInside(root, text)).rejects.toMatchObject({ code: "NAME_REFUSED" });
});

test.each([
  "holiday photos",
  "日本",
  "ü",
  "🐈.jpg",
  "console",
  "nullable.txt",
  "a.b.c",
  "-rf",
  "$HOME",
  "日".repeat(85),
])("%j is a name", (text) => {
  expect(whyNotName(text)).toBeUndefined();
});

test("the name of a kept file is one for every system, whatever its owner calls it, and no two are the same", () => {
  const originals = fc.uniqueArray(name, { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(originals, (names) => {
      const kept = names.map((original, i) => nameOnDisk(i + 1, original, ".jpg"));
      for (const one of kept) expect(whyNotName(one)).toBeUndefined();
      expect(new Set(kept.map((one) => one.toLowerCase().normalize("NFD"))).size).toBe(names.length);
    }),
    { numRuns: 1000 },
  );
  expect(nameOnDisk(7, "IMG 4.JPG", ".jpg")).toBe("0007_IMG_4.jpg");
  expect(nameOnDisk(8, "../../etc/passwd", ".png")).toBe("0008_passwd.png");
  expect(nameOnDisk(9, "a\\b.jpg", ".jpg")).toBe("0009_b.jpg");
  expect(nameOnDisk(10, "...", ".jpg")).toBe("0010.jpg");
});
