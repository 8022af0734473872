import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { codeOf, studioRoutes } from "../../../test/studio.ts";
import { trainedRuns } from "../../../test/studio-run.ts";
import type { NdArray } from "../../array/index.ts";
import { embeddingOfFile, programs, readEmbeddingFile, tablesFoundBy, writeEmbedding } from "../../embedding/index.ts";
import type { RunPlaces } from "../../runs/index.ts";
import type { Exported } from "./export.ts";
import type { ProgramFolder } from "./programs.ts";

const { ask, work, root, bugs } = studioRoutes();
const trained = trainedRuns();
let run: RunPlaces;

const installs = {
  A1111: ["apps/stable-diffusion-webui/embeddings", "word"],
  Forge: ["apps/sd-webui-forge-neo/embeddings", "word"],
  ComfyUI: ["apps/ComfyUI/models/embeddings", "embedding:word"],
  InvokeAI: ["apps/invokeai/embeddings", "<word>"],
} as const;

beforeAll(async () => {
  run = await trained(path.join(work, "runs"), "vexla", "--num_vectors_per_token", "2");
  for (const [folder] of Object.values(installs)) mkdirSync(path.join(root, folder), { recursive: true });
}, 60_000);

const found = async () =>
  ((await (await ask("GET", "/api/programs")).json()) as { programs: ProgramFolder[] }).programs;

interface Marks {
  readonly exports: readonly { readonly program: string; readonly file: string }[];
}

async function marksNow(): Promise<Marks> {
  const answer = await ask("GET", `/api/runs/${path.basename(run.folder)}`);
  return ((await answer.json()) as { about: { marks: Marks } }).about.marks;
}

async function exported(body: object): Promise<readonly Exported[]> {
  const answer = await ask("POST", `/api/runs/${path.basename(run.folder)}/export`, { body });
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { exports: Exported[] }).exports;
}

const refused = async (body: object) =>
  codeOf(await ask("POST", `/api/runs/${path.basename(run.folder)}/export`, { body }));

const checkpoint = "vexla-step00000005.safetensors";
const tablesOf = async (file: string) => embeddingOfFile(await readEmbeddingFile(file)).vectors;

describe("programs", () => {
  test("are found by their folders, with how a word is called there", async () => {
    const listed = (await found()).map(({ program, folder, spelling }) => [program, folder, spelling]);
    for (const [program, [folder, spelling]] of Object.entries(installs))
      expect(listed).toContainEqual([program, path.join(root, folder), spelling.replace("word", "NAME")]);
  });

  test("without a folder of embeddings have one where their models are; a folder of a name alone is no program", async () => {
    mkdirSync(path.join(root, "more", "ComfyUI", "models", "checkpoints"), { recursive: true });
    mkdirSync(path.join(root, "more", "forge"), { recursive: true });
    const folders = (await found()).map(({ folder }) => folder);
    expect(folders).toContain(path.join(root, "more", "ComfyUI", "models", "embeddings"));
    expect(folders.filter((folder) => folder.includes("forge"))).toEqual([path.join(root, installs.Forge[0])]);
  });
});

describe("a checkpoint", () => {
  test("is written for four programs, each of which finds its numbers, and is noted", async () => {
    const ids = (await found()).map(({ id }) => id);
    const exports = await exported({ checkpoint, name: "word", programs: ids });
    expect(exports.length).toBeGreaterThanOrEqual(4);
    const wanted = await tablesOf(path.join(run.checkpoints, checkpoint));
    expect(wanted[0]!.shape[0]).toBe(2);
    for (const [program, [folder, spelling]] of Object.entries(installs)) {
      const file = path.join(root, folder, "word.safetensors");
      expect(exports).toContainEqual({ program, file, spelling, isEqual: true });
      expect(await tablesOf(file)).toEqual(wanted);
    }
    const marks = await marksNow();
    expect(marks.exports.map(({ program, file }) => [program, file])).toEqual(
      exports.map(({ program, file }) => [program, file]),
    );
    expect(marks.exports[0]).toMatchObject({ checkpoint });
    // exporting again changes nothing
    expect(await exported({ checkpoint, name: "word", programs: ids })).toEqual(exports);
    expect((await marksNow()).exports).toHaveLength(exports.length);
  });

  test("never replaces another file of the name, unless it is told to", async () => {
    const { id } = (await found()).find(({ program }) => program === "A1111")!;
    const file = path.join(root, installs.A1111[0], "taken.safetensors");
    writeFileSync(file, "another");
    const [kept] = await exported({ checkpoint, name: "taken", programs: [id] });
    expect(kept).toMatchObject({ isEqual: false, problem: { code: "OUTPUT_EXISTS" } });
    expect(readFileSync(file, "utf8")).toBe("another");
    const [replaced] = await exported({ checkpoint, name: "taken", programs: [id], replace: true });
    expect(replaced).toMatchObject({ isEqual: true });
  });

  test.each(["Other.safetensors", "other.pt", "inner/other.bin"])(
    "is not written beside %s of the same word",
    async (taken) => {
      const { id } = (await found()).find(({ program }) => program === "Forge")!;
      const folder = path.join(root, installs.Forge[0]);
      mkdirSync(path.join(folder, "inner"), { recursive: true });
      writeFileSync(path.join(folder, taken), "");
      const [one] = await exported({
        checkpoint,
        name: taken === "Other.safetensors" ? "other" : "OTHER",
        programs: [id],
        replace: true,
      });
      expect(one?.problem?.code).toBe("OUTPUT_EXISTS");
      expect(existsSync(path.join(folder, "OTHER.safetensors"))).toBe(false);
    },
  );

  test("is told of names that do not work in every program", async () => {
    const body = { checkpoint, name: "my (cat)", folder: { root: "root1", path: [] } };
    const answer = await ask("POST", `/api/runs/${path.basename(run.folder)}/export`, { body });
    const { warnings } = (await answer.json()) as { warnings: string[] };
    expect(warnings).toContainEqual(expect.stringContaining("A1111, Forge and ComfyUI read brackets as weights"));
    const taken = await ask("POST", `/api/runs/${path.basename(run.folder)}/export`, {
      body: { ...body, name: "cat" },
    });
    expect(await taken.json()).toMatchObject({ warnings: [expect.stringContaining("already a word of the model")] });
  });

  test("is written into any folder below a root", async () => {
    mkdirSync(path.join(root, "mine"));
    const [one] = await exported({ checkpoint, name: "own", folder: { root: "root1", path: ["mine"] } });
    const file = path.join(root, "mine", "own.safetensors");
    expect(one).toEqual({ program: "folder", file, spelling: "own", isEqual: true });
    expect(await tablesOf(file)).toEqual(await tablesOf(path.join(run.checkpoints, checkpoint)));
  });

  test("is not written outside of the roots, nor under a name that leads elsewhere", async () => {
    symlinkSync(work, path.join(root, "out"));
    const to = (...names: string[]) => ({ checkpoint, name: "own", folder: { root: "root1", path: names } });
    expect(await refused(to("out"))).toBe("OUTSIDE_ROOT");
    expect(await refused(to(".."))).toBe("NAME_REFUSED");
    expect(await refused({ ...to(), folder: { root: "nowhere", path: [] } })).toBe("ROOT_UNKNOWN");
    expect(await refused({ ...to("mine"), checkpoint: "../run.json" })).toBe("NAME_REFUSED");
    expect(await refused({ ...to("mine"), checkpoint: "nothing.safetensors" })).toBe("FILE_NOT_FOUND");
    expect(await refused({ checkpoint, name: "own", programs: ["0123456789abcdef"] })).toBe("FILE_NOT_FOUND");
    const before = readdirSync(root).sort();
    for (const name of ["../evil", "a/b", "a\\b", ".hidden", "nul", "a\u0000b"]) {
      const [one] = await exported({ ...to("mine"), name });
      expect(one?.problem?.code).toBe("NAME_REFUSED");
    }
    expect(readdirSync(root).sort()).toEqual(before);
    expect(readdirSync(path.join(root, "mine"))).toEqual(["own.safetensors"]);
  });

  test("that is damaged is told", async () => {
    writeFileSync(path.join(run.checkpoints, "damaged.safetensors"), "no embedding");
    expect(await refused({ checkpoint: "damaged.safetensors", name: "x" })).toMatch(/EMBEDDING|SAFETENSORS/);
  });
});

/** Two tables, as in Stable Diffusion XL. */
function pair(): NdArray[] {
  return [768, 1280].map((width, i) => {
    const data = Float32Array.from({ length: 3 * width }, (_, at) => Math.sin(at + i) / 3);
    return { dtype: "float32", shape: [3, width], data } as const;
  });
}

test("for Stable Diffusion XL all four programs find both tables, each for its own text encoder", async () => {
  const file = path.join(run.checkpoints, "xl.safetensors");
  await writeEmbedding(file, { vectors: pair(), token: undefined, step: 5, metadata: {} }, { layout: "kohya" });
  const exports = await exported({
    checkpoint: "xl.safetensors",
    name: "xlword",
    programs: (await found()).map(({ id }) => id),
  });
  for (const [program, [folder]] of Object.entries(installs)) {
    const target = path.join(root, folder, "xlword.safetensors");
    expect(exports).toContainEqual(expect.objectContaining({ program, file: target, isEqual: true }));
    expect(await tablesOf(target)).toEqual(pair());
  }
});

test("the rules of the programs tell files that they would misread", async () => {
  const one = pair()[0]!;
  const file = path.join(work, "several.safetensors");
  await writeEmbedding(file, { vectors: pair(), token: undefined, step: 5, metadata: {} }, { layout: "kohya" });
  const bytes = readFileSync(file);
  for (const program of programs) expect(tablesFoundBy(program, bytes, 2)).toEqual(pair());
  // a model with one text encoder takes the table of its width
  expect(tablesFoundBy("ComfyUI", bytes, 1)).toEqual([one]);
});

test("nothing was a mistake of the studio", () => expect(bugs).toEqual([]));
