import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { recordingTerminal } from "../../../test/terminal.ts";
import { trainingFolder } from "../../../test/training-run.ts";
import { runCommandLine } from "../../cli/run.ts";
import { batteryWarnings } from "./power.ts";

const work = mkdtempSync(path.join(os.tmpdir(), "coinage-power-"));
const pathBefore = process.env.PATH;
afterAll(() => {
  process.env.PATH = pathBefore;
  rmSync(work, { recursive: true, force: true });
});
const { flagsFor } = trainingFolder();

/** Puts a program in the place of systemd-inhibit. */
function installHelper(script: string): void {
  const file = path.join(work, "systemd-inhibit");
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  process.env.PATH = `${work}${path.delimiter}${pathBefore}`;
}

test.runIf(process.platform === "linux")(
  "a run keeps the machine awake until it has ended when that is asked for, and goes on where it cannot, with a warning",
  async () => {
    const file = path.join(work, "told");
    writeFileSync(file, "");
    installHelper(`echo begun "$1" >> ${file}; cat; echo ended >> ${file}`);
    const teach = async (...more: readonly string[]) => {
      const terminal = recordingTerminal();
      const code = await runCommandLine(
        ["train", ...flagsFor("--max_train_steps", "1", "--overwrite", ...more)],
        terminal,
      );
      return [code, /cannot be kept awake[^\n]*/.exec(terminal.talked())?.[0]];
    };
    expect(await teach()).toEqual([0, undefined]);
    expect(readFileSync(file, "utf8")).toBe("");
    expect(await teach("--keep_awake")).toEqual([0, undefined]);
    await expect.poll(() => readFileSync(file, "utf8")).toBe("begun --what=sleep:idle\nended\n");
    installHelper("echo Access denied >&2; exit 1");
    expect(await teach("--keep_awake")).toEqual([0, expect.stringContaining("Access denied")]);
  },
  60_000,
);

test("a run of more than half an hour on a battery is warned of before it begins, with what helps", async () => {
  const supplies = path.join(work, "supplies");
  mkdirSync(path.join(supplies, "BAT0"), { recursive: true });
  writeFileSync(path.join(supplies, "BAT0", "type"), "Battery\n");
  const charge = (status: string) => writeFileSync(path.join(supplies, "BAT0", "status"), `${status}\n`);
  const warned = (seconds: number, keepAwake: boolean) => batteryWarnings(seconds, { keepAwake }, supplies);
  charge("Discharging");
  expect(await warned(1800, false)).toEqual([]);
  const [warning] = await warned(7200, false);
  expect(warning).toMatchObject({ code: "BATTERY", option: "keep_awake" });
  expect(warning!.message).toMatch(/2 h.*battery.*--keep_awake/);
  expect((await warned(7200, true))[0]!.message).not.toContain("--keep_awake");
  charge("Charging");
  expect(await warned(7200, false)).toEqual([]);
});
