import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { FaultyDisk } from "../../test/faulty-disk.ts";
import { hasPermissions, withoutPrivileges } from "../../test/permissions.ts";
import { recordingTerminal } from "../../test/terminal.ts";
import { readEmbeddingFile } from "../embedding/index.ts";
import { replaceDisk } from "../files/disk.ts";
import { cropPicture, decodePicture, type Picture } from "../pictures/index.ts";
import { pictureGrid } from "./demo/strip.ts";
import { demoCommand } from "./demo.ts";
import { packageRoot } from "./program.ts";
import { runCommandLine } from "./run.ts";

const plain = (red: number): Picture => ({
  width: 2,
  height: 1,
  channels: 3,
  data: Uint8Array.of(red, 0, 0, red, 0, 0),
});

test("a grid puts every image in its place, with white between them", () => {
  const grid = pictureGrid([
    [plain(1), plain(2)],
    [plain(3), plain(4)],
  ]);
  expect([grid.width, grid.height]).toEqual([4 + 2 * 6, 4 + 2 * 5]);
  const at = (x: number, y: number): number => grid.data[(y * grid.width + x) * 3]!;
  expect([at(4, 4), at(10, 4), at(4, 9), at(11, 9)]).toEqual([1, 2, 3, 4]);
  expect([at(0, 0), at(6, 4), at(4, 5), at(15, 13)]).toEqual([255, 255, 255, 255]);
});

describe("the demo", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "coinage-demo-"));
  const home = process.cwd();
  const terminal = recordingTerminal();

  beforeAll(async () => {
    process.chdir(folder);
    expect(await demoCommand([], terminal)).toBe(0);
  });
  afterAll(() => {
    process.chdir(home);
    rmSync(folder, { recursive: true });
  });

  test("gives an embedding and a picture strip, and names them as results", async () => {
    const [embedding, strip] = terminal.results().trimEnd().split("\n");
    expect(embedding).toBe(path.join("coinage-demo", "ploofa.safetensors"));
    const { tables } = await readEmbeddingFile(embedding!);
    expect([...tables.values()][0]?.shape).toEqual([1, 96]);
    expect(strip).toBe(path.join("coinage-demo", "strip.png"));
    const report = path.join("coinage-demo", "ploofa.report.html");
    expect(readFileSync(report, "utf8")).toContain("ploofa");
    expect(terminal.talked()).toContain(`Open ${report} in a browser`);
  });

  test("learns the word it names: in every row the last image is green with white dots, the first is not", async () => {
    const strip = await decodePicture(path.join("coinage-demo", "strip.png"));
    const cell = (column: number, row: number): Picture =>
      cropPicture(strip, 4 + column * 132, 4 + row * 132, [128, 128]);
    for (const row of [0, 1, 2]) {
      expect(greenShare(cell(0, row)), `first of row ${row}`).toBeLessThan(0.02);
      expect(greenShare(cell(3, row)), `last of row ${row}`).toBeGreaterThan(0.05);
    }
  });
});

/** Share of pixels that are clearly more green than red and blue. */
function greenShare({ data, width, height }: Picture): number {
  let green = 0;
  for (let i = 0; i < data.length; i += 3)
    if (data[i + 1]! > data[i]! + 40 && data[i + 1]! > data[i + 2]! + 40) green++;
  return green / (width * height);
}

describe("where the demo cannot write", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "coinage-demo-"));
  const place = path.join(folder, "coinage-demo");
  const small = path.join(folder, "small");
  afterEach(() => rmSync(place, { recursive: true, force: true }));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  /** The demo's messages. as: runs it as another user. */
  async function told(as: <Result>(run: () => Promise<Result>) => Promise<Result> = (run) => run()): Promise<string> {
    const terminal = recordingTerminal();
    const home = process.cwd();
    process.chdir(folder);
    try {
      expect(await as(() => runCommandLine(["demo"], terminal))).toBe(1);
    } finally {
      process.chdir(home);
    }
    return terminal.talked();
  }

  const refused = (why: string) =>
    `OUTPUT_UNWRITABLE  The output folder ${realpathSync(folder)}/coinage-demo cannot be written to: ${why}.\n  demo writes to coinage-demo\nChange to a folder of your own (cd) and run: npm --prefix ${packageRoot} run -s coinage -- demo\n`;

  test.runIf(hasPermissions)("it says where and what to do", async () => {
    chmodSync(folder, 0o555);
    expect(await told(withoutPrivileges)).toContain(refused("permission denied (EACCES)"));
    chmodSync(folder, 0o755);
  });

  test("it also says so about a file of that name", async () => {
    writeFileSync(place, "");
    expect(await told()).toContain(refused("something else has that name (EEXIST)"));
  });

  test("it also says so about a full disk", async () => {
    const restore = replaceDisk(new FaultyDisk(1, "full"));
    const text = await told().finally(restore);
    expect(text).toContain(refused("the disk is full (ENOSPC)"));
  });

  test.runIf(process.geteuid?.() === 0)("it says so about a file system that is really full", async (context) => {
    if (!mounted(small)) return context.skip("nothing may be mounted here");
    try {
      symlinkSync(small, place);
      expect(await told()).toContain(refused("the disk is full (ENOSPC)"));
    } finally {
      execFileSync("umount", [small]);
    }
  });
});

/** Mounts a disk of 8 KB; false if that is not allowed. */
function mounted(folder: string): boolean {
  mkdirSync(folder);
  return spawnSync("mount", ["-t", "tmpfs", "-o", "size=8k", "tmpfs", folder]).status === 0;
}
