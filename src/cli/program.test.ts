import { execFileSync, execSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { packageRoot, packageVersion, programFrom } from "./program.ts";

const work = realpathSync(mkdtempSync(path.join(os.tmpdir(), "coinage program-")));
afterAll(() => rmSync(work, { recursive: true }));
const folder = (...parts: readonly string[]): string => {
  const made = path.join(work, ...parts);
  mkdirSync(made, { recursive: true });
  return made;
};

describe("the program is called in a way that works from the working directory", () => {
  const checkout = { searchPath: "", root: packageRoot, isSource: true };

  test.each(["", "docs"])("in the checkout: %s", (inside) => {
    const stands = path.join(packageRoot, inside);
    const command = programFrom({ ...checkout, folder: stands });
    expect(command).toBe("npm run -s coinage --");
    expect(execSync(`${command} --version`, { cwd: stands, encoding: "utf8" })).toBe(`${packageVersion()}\n`);
  });

  test("in another folder, in another project, and with spaces in the path", () => {
    symlinkSync(packageRoot, path.join(work, "the checkout"), "junction");
    const elsewhere = folder("another", "sub");
    writeFileSync(path.join(work, "another", "package.json"), "{}");
    const command = programFrom({ ...checkout, root: path.join(work, "the checkout"), folder: elsewhere });
    expect(command).toContain("npm --prefix ");
    const asked = { cwd: elsewhere, encoding: "utf8" } as const;
    // npm passes the user's folder in INIT_CWD
    symlinkSync(path.join(packageRoot, "assets/tiny-sd"), path.join(elsewhere, "model"), "junction");
    expect(JSON.parse(execSync(`${command} inspect model --json`, asked))).toMatchObject({
      kind: "model",
      family: { value: "sd1" },
    });
  });

  test("installed in a project, on the PATH, run once by npx, or nowhere on the PATH", () => {
    const root = folder("project", "node_modules", "coinage");
    const [inside, outside] = [folder("project", "deep"), folder("outside")];
    const bin = folder("bin");
    const installed = { root, isSource: false };
    mkdirSync(path.join(root, "dist", "cli"), { recursive: true });
    const script = path.join(root, "dist", "cli", "main.js");
    writeFileSync(script, "#!/usr/bin/env node\nconsole.log('here')\n", { mode: 0o755 });
    expect(programFrom({ ...installed, folder: inside, searchPath: "" })).toBe("npx coinage");
    const byNode = programFrom({ ...installed, folder: outside, searchPath: bin });
    expect(byNode).toBe(`node "${script}"`);
    expect(execSync(byNode, { cwd: outside, encoding: "utf8" })).toBe("here\n");
    if (os.platform() === "win32") return;
    symlinkSync(script, path.join(bin, "coinage"));
    const command = programFrom({ ...installed, folder: outside, searchPath: bin });
    expect(command).toBe("coinage");
    expect(execFileSync(path.join(bin, command), { encoding: "utf8" })).toBe("here\n");
    // npm adds this folder to the PATH while it runs a script
    const ofNpm = folder("project", "node_modules", ".bin");
    symlinkSync(script, path.join(ofNpm, "coinage"));
    expect(programFrom({ ...installed, folder: outside, searchPath: ofNpm })).toBe(byNode);
    const fetched = folder(".npm", "_npx", "1234", "node_modules", "coinage");
    expect(programFrom({ root: fetched, isSource: false, folder: outside, searchPath: "" })).toBe("npx coinage");
  });
});
