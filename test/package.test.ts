import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import manifest from "../package.json" with { type: "json" };

const root = fileURLToPath(new URL("..", import.meta.url));
const project = mkdtempSync(path.join(os.tmpdir(), "coinage-package-"));
const installed = path.join(project, "node_modules", "coinage");
afterAll(() => rmSync(project, { recursive: true }));

const node = (...words: readonly string[]): string =>
  execFileSync(process.execPath, words, { cwd: project, encoding: "utf8" });

describe("the package", () => {
  let files: string[];

  // built, packed, and unpacked in an empty project with nothing but its runtime dependencies beside it
  beforeAll(() => {
    execFileSync(process.execPath, ["scripts/build.mjs"], { cwd: root });
    execFileSync("npm", ["pack", "--silent", "--pack-destination", project], {
      cwd: root,
      shell: os.platform() === "win32",
    });
    mkdirSync(installed, { recursive: true });
    const tarball = path.join(project, `coinage-${manifest.version}.tgz`);
    execFileSync("tar", ["-xzf", tarball, "--strip-components=1", "-C", installed]);
    expect(statSync(tarball).size).toBeLessThan(35e6);
    for (const name of Object.keys(manifest.dependencies)) {
      mkdirSync(path.join(project, "node_modules", path.dirname(name)), { recursive: true });
      symlinkSync(path.join(root, "node_modules", name), path.join(project, "node_modules", name), "junction");
    }
    files = readdirSync(installed, { recursive: true, encoding: "utf8" }).map((file) => file.replaceAll(path.sep, "/"));
  });

  test("holds what is needed and nothing of the tests", () => {
    for (const file of ["LICENSE", "NOTICE", "dist/cli/main.js", "dist/index.d.ts", "dist/runtime/worker.js"])
      expect(files).toContain(file);
    expect(files.filter((file) => /\.test\.|goldens|node_modules/.test(file))).toEqual([]);
  });

  test("has types that a strict project can check, without Node's and with no library left out", () => {
    const use = `import { convert, generate, inspect, plan, train, type TrainingEvent } from "coinage";
      const settings = { pretrainedModelNameOrPath: "m", tokenString: "x", outputDir: "o" };
      const stop = { aborted: false };
      export async function* losses() {
        for await (const event of train(settings, { signal: stop })) if (event.kind === "step") yield event.loss;
      }
      export const done = (event: TrainingEvent): string => (event.kind === "done" ? event.file : "");
      export const others = [generate({ ckpt: "m", prompt: "x" }), inspect("x"), convert("a", "b"), plan(settings)];
      // @ts-expect-error there is no such setting
      train({ ...settings, learningRat: 1 });`;
    writeFileSync(path.join(project, "use.ts"), use);
    writeFileSync(path.join(project, "package.json"), '{ "type": "module" }');
    const language = { target: "ES2022", lib: ["ES2023"], module: "NodeNext", types: [], preserveSymlinks: true };
    const strict = { strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true };
    const config = { compilerOptions: { ...language, ...strict }, files: ["use.ts"] };
    writeFileSync(path.join(project, "tsconfig.json"), JSON.stringify(config));
    const compiler = path.join(root, "node_modules/typescript/bin/tsc");
    const { status, stdout } = spawnSync(process.execPath, [compiler], { cwd: project, encoding: "utf8" });
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
  });

  test("runs its command line", () => {
    const command = path.join(installed, manifest.bin.coinage);
    expect(node(command, "--version")).toBe(`${manifest.version}\n`);
    expect(node(command, "--help")).toContain("  npx coinage demo\n");
    const model = JSON.parse(node(command, "inspect", path.join(installed, "assets/tiny-sd"), "--json"));
    expect(model).toMatchObject({ kind: "model", family: { value: "sd1" }, problems: [] });
    if (os.platform() !== "win32") expect(statSync(command).mode & 0o111).toBe(0o111);
  });

  test.skipIf(os.platform() === "win32")("says what the machine refuses before it can say anything", () => {
    const command = `ulimit -n 40 && exec "${process.execPath}" "${path.join(installed, manifest.bin.coinage)}" --version`;
    const { status, stdout, stderr } = spawnSync("sh", ["-c", command], { encoding: "utf8" });
    // Newer versions of Node open so few files at a time that nothing is refused.
    if (status === 0) expect([stdout, stderr]).toEqual([`${manifest.version}\n`, ""]);
    else {
      expect(stderr).toMatch(/^SYSTEM_REFUSED .*EMFILE\).\nRaise the limit: ulimit -n \d+\n$/);
      expect(status).toBe(1);
    }
  });

  test("trains and draws as a library", () => {
    writeFileSync(
      path.join(project, "use.mjs"),
      `import { generate, train } from "coinage";
      const assets = "node_modules/coinage/assets";
      const [pretrainedModelNameOrPath, trainDataDir] = [assets + "/tiny-sd", "pictures"];
      const settings = { pretrainedModelNameOrPath, trainDataDir, resolution: [64, 64], tokenString: "catx", useObjectTemplate: true };
      const word = train({ ...settings, maxTrainSteps: 2, learningRate: 5e-3, saveModelAs: "safetensors", outputDir: "out", threads: 1 });
      for await (const event of word) if (event.kind === "step") console.log(event.kind, event.step);
      const textualInversionEmbeddings = ["out/catx.safetensors"];
      const drawing = { ckpt: pretrainedModelNameOrPath, textualInversionEmbeddings, prompt: "a catx", W: 64, H: 64, steps: 2 };
      for await (const event of generate({ ...drawing, threads: 1 })) if (event.kind === "saved") console.log(event.kind);`,
    );
    mkdirSync(path.join(project, "pictures"));
    symlinkSync(
      path.join(installed, "assets/concepts/pink-striped-cross"),
      path.join(project, "pictures/1_catx"),
      "junction",
    );
    expect(node("use.mjs")).toBe("step 1\nstep 2\nsaved\n");
  });
});
