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

  // built, packed, and unpacked in an empty project with only its runtime dependencies
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
    for (const file of [
      "LICENSE",
      "NOTICE",
      "dist/cli/main.js",
      "dist/index.d.ts",
      "dist/pipeline.d.ts",
      "dist/runtime/worker.js",
    ])
      expect(files).toContain(file);
    expect(files.filter((file) => /\.test\.|goldens|node_modules/.test(file))).toEqual([]);
  });

  test("has types that stand alone: a strict project checks all of them, without Node's or the DOM's and with no library left out", () => {
    const use = `import { type Embedding, generate, inspect, plan, resultOf, train, type TrainingEvent } from "coinage";
      import { openModel, type GeneratedImage } from "coinage/pipeline";
      // every name, and with them every declaration
      export * as library from "coinage";
      export * as pipeline from "coinage/pipeline";
      const settings = { pretrainedModelNameOrPath: "m", tokenString: "x", outputDir: "o" };
      const signal = { aborted: false };
      export async function* losses() {
        for await (const event of train(settings, { signal })) if (event.kind === "step") yield event.loss;
      }
      export const done = (event: TrainingEvent): string => (event.kind === "done" ? event.file : "");
      export const others = [inspect("x"), plan(settings, { signal })];
      export async function use(embedding: Embedding): Promise<readonly GeneratedImage[]> {
        const learned = await resultOf(train(settings));
        const model = await openModel("m", { embeddings: learned ? [learned.embedding] : [] });
        const latents = await resultOf(model.sample({ prompt: "x", embeddings: [embedding] }, { signal }));
        const { images } = await resultOf(generate({ ckpt: "m", prompt: "x" }, { write: false, signal }));
        return latents ? model.decode(latents) : images;
      }
      // @ts-expect-error there is no such setting
      train({ ...settings, learningRat: 1 });`;
    writeFileSync(path.join(project, "use.ts"), use);
    writeFileSync(path.join(project, "package.json"), '{ "type": "module" }');
    const disposing = `import { openModel } from "coinage/pipeline";
      export async function once(): Promise<string> {
        await using model = await openModel("m");
        return model.path;
      }`;
    writeFileSync(path.join(project, "disposing.ts"), disposing);
    const strict = {
      ...{ target: "ES2022", module: "NodeNext", preserveSymlinks: true, noEmit: true },
      ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false },
      ...{ declaration: true, isolatedModules: true, verbatimModuleSyntax: true },
    };
    const alone = { compilerOptions: { ...strict, lib: ["ES2023"], types: [] }, files: ["use.ts"] };
    const nodeTypes = { typeRoots: [path.join(root, "node_modules/@types")], types: ["node"] };
    const withOthers = {
      compilerOptions: { ...strict, lib: ["ES2023", "ESNext.Disposable", "DOM"], ...nodeTypes },
      files: ["use.ts", "disposing.ts"],
    };
    for (const config of [alone, withOthers])
      for (const compiler of ["@typescript/native/bin/tsc", "@typescript/old/bin/tsc"]) {
        writeFileSync(path.join(project, "tsconfig.json"), JSON.stringify(config));
        const words = [path.join(root, "node_modules", compiler)];
        const { status, stdout } = spawnSync(process.execPath, words, { cwd: project, encoding: "utf8" });
        expect({ compiler, status, stdout }).toEqual({ compiler, status: 0, stdout: "" });
      }
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
      import { openModel, readEmbedding, resultOf } from "coinage/pipeline";
      const assets = "node_modules/coinage/assets";
      const [pretrainedModelNameOrPath, trainDataDir] = [assets + "/tiny-sd", "pictures"];
      const settings = { pretrainedModelNameOrPath, trainDataDir, resolution: [64, 64], tokenString: "catx", useObjectTemplate: true };
      const word = train({ ...settings, maxTrainSteps: 2, learningRate: 5e-3, saveModelAs: "safetensors", outputDir: "out", threads: 1 });
      for await (const event of word) if (event.kind === "step") console.log(event.kind, event.step);
      const textualInversionEmbeddings = ["out/catx.safetensors"];
      const size = { width: 64, height: 64, steps: 2 };
      const drawing = { pretrainedModelNameOrPath, textualInversionEmbeddings, prompt: "a catx", ...size, threads: 1 };
      for await (const event of generate(drawing)) if (event.kind === "saved") console.log(event.kind);
      const model = await openModel(pretrainedModelNameOrPath, { threads: 1 });
      const embeddings = [await readEmbedding(textualInversionEmbeddings[0])];
      const [image] = await resultOf(model.generate({ prompt: "a catx", ...size, embeddings }));
      console.log("image", image.width, (await image.toPng()).length > 100);
      await model.close();`,
    );
    mkdirSync(path.join(project, "pictures"));
    symlinkSync(
      path.join(installed, "assets/concepts/pink-striped-cross"),
      path.join(project, "pictures/1_catx"),
      "junction",
    );
    expect(node("use.mjs")).toBe("step 1\nstep 2\nsaved\nimage 64 true\n");
  });
});
