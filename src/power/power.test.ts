import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { isOnBattery } from "./battery.ts";
import { keepAwake } from "./keep-awake.ts";

const work = mkdtempSync(path.join(os.tmpdir(), "coinage-power-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** A folder of power supplies as Linux has them. */
function supplies(all: Readonly<Record<string, Readonly<Record<string, string>>>>): string {
  const folder = mkdtempSync(path.join(work, "supplies-"));
  for (const [name, facts] of Object.entries(all)) {
    mkdirSync(path.join(folder, name));
    for (const [fact, text] of Object.entries(facts)) writeFileSync(path.join(folder, name, fact), `${text}\n`);
  }
  return folder;
}

const discharging = { type: "Battery", status: "Discharging" };

test.each([
  ["no supply", {}, false],
  ["a battery in use", { BAT0: discharging }, true],
  ["a battery in use, and no mains", { AC: { type: "Mains", online: "0" }, BAT0: discharging }, true],
  ["a battery in use beside mains that are too weak", { AC: { type: "Mains", online: "1" }, BAT0: discharging }, false],
  ["a battery that is charged", { BAT0: { type: "Battery", status: "Charging" } }, false],
  ["a full battery", { BAT0: { type: "Battery", status: "Full" } }, false],
  ["the battery of a mouse", { mouse: { ...discharging, scope: "Device" } }, false],
  ["one of two batteries in use", { BAT0: { type: "Battery", status: "Full" }, BAT1: discharging }, true],
])("a machine with %s is told from one on its battery", async (_, all, expected) => {
  expect(await isOnBattery(supplies(all))).toBe(expected);
});

test("a machine that tells nothing of its power does not run on a battery", async () => {
  expect(await isOnBattery(path.join(work, "nothing"))).toBe(false);
});

/** A helper that writes to a file when it starts and when it ends. */
function helperInto(file: string) {
  return { command: "sh", words: ["-c", 'echo begun >> "$0"; cat; echo ended >> "$0"', file] };
}

const toldIn = (file: string) => readFileSync(file, "utf8");

describe.runIf(process.platform !== "win32")("a machine", () => {
  test("is kept awake until it is released", async () => {
    const file = path.join(work, "released");
    const { problem, release } = await keepAwake(helperInto(file));
    expect([problem, toldIn(file)]).toEqual([undefined, "begun\n"]);
    release();
    await expect.poll(() => toldIn(file)).toBe("begun\nended\n");
  });

  test("may sleep once the process is gone that kept it awake, even when that was killed", async () => {
    const file = path.join(work, "killed");
    const room = JSON.stringify(fileURLToPath(new URL("keep-awake.ts", import.meta.url)));
    const program = `import(${room}).then(({ keepAwake }) => keepAwake(${JSON.stringify(helperInto(file))})).then(() => console.log("awake")); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), "-e", program]);
    await once(child.stdout, "data");
    expect(toldIn(file)).toBe("begun\n");
    child.kill("SIGKILL");
    await expect.poll(() => toldIn(file), { timeout: 10_000 }).toBe("begun\nended\n");
  }, 30_000);

  test.each([
    ["is missing", { command: path.join(work, "no-helper"), words: [] }, /ENOENT/],
    ["is refused", { command: "sh", words: ["-c", "echo Access denied >&2; exit 1"] }, /^Access denied$/],
    ["says nothing", { command: "sh", words: ["-c", "exit 1"] }, /^sh has ended$/],
  ])("that cannot be kept awake since the helper %s is said to be one, with the reason", async (_, helper, reason) => {
    expect((await keepAwake(helper)).problem).toMatch(reason);
  });
});
