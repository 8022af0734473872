import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { arrayOf } from "../array/index.ts";
import { tinySdFolder } from "../assets/index.ts";
import { writeEmbedding } from "../embedding/index.ts";
import { readPngTexts } from "../formats/png-text/index.ts";
import { checkGenerateSettings, type GenerateSettings, parseGenerateArguments } from "../options/index.ts";
import { decodePicture } from "../pictures/index.ts";
import { generateFromSettings } from "./run.ts";
import type { GenerationRunEvent } from "./run-events.ts";

let folder: string;
let outdir: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "coinage-generate-"));
  outdir = path.join(folder, "out");
});
afterEach(() => rmSync(folder, { recursive: true }));

const clock = () => new Date(2024, 0, 2, 3, 4, 5);

function settingsOf(line: readonly string[], more: Partial<GenerateSettings> = {}): GenerateSettings {
  const common = [
    "--ckpt",
    tinySdFolder,
    "--W",
    "64",
    "--H",
    "64",
    "--steps",
    "2",
    "--threads",
    "1",
    "--outdir",
    outdir,
  ];
  return { ...checkGenerateSettings(parseGenerateArguments([...common, ...line])).settings, ...more };
}

async function run(line: readonly string[], more?: Partial<GenerateSettings>): Promise<GenerationRunEvent[]> {
  const events: GenerationRunEvent[] = [];
  for await (const event of generateFromSettings(settingsOf(line, more), { clock })) events.push(event);
  return events;
}

function promptFile(...lines: readonly string[]): string {
  const file = path.join(folder, "prompts.txt");
  writeFileSync(file, lines.join("\n"));
  return file;
}

const saved = (events: readonly GenerationRunEvent[]) => events.filter((event) => event.kind === "saved");

/** Settings of a mistake that must be found before anything is drawn. */
function refusal(line: readonly string[], more?: Partial<GenerateSettings>) {
  return expect(run(line, more)).rejects;
}

describe("a run", () => {
  test("tells what it does and writes pictures that say where they came from", async () => {
    const events = await run(["--prompt", "a red star --n blurry --l 4", "--seed", "42"]);
    expect(events.map(({ kind }) => kind)).toEqual(["model", "start", "step", "step", "saved", "done"]);
    expect(events[0]).toMatchObject({ kind: "model", family: "sd1", predictionType: "epsilon" });
    expect(events[1]).toMatchObject({ device: "cpu", pictures: 1, batches: 1, folder: outdir });
    expect(events[2]).toMatchObject({ step: 1, steps: 2, picture: 1, inBatch: 1, pictures: 1 });
    const file = path.join(outdir, "im_20240102030405_000_42.png");
    expect(events[4]).toMatchObject({ file, picture: 1, seed: 42, prompt: "a red star" });
    expect(events[5]).toMatchObject({ files: [file] });
    expect(readdirSync(outdir)).toEqual([path.basename(file)]);
    const { width, height } = await decodePicture(file);
    expect([width, height]).toEqual([64, 64]);
    const texts = readPngTexts(readFileSync(file));
    expect(texts.find(({ keyword }) => keyword === "raw-prompt")?.text).toBe("a red star --n blurry --l 4");
    expect(texts.at(-1)).toEqual({
      keyword: "parameters",
      text: "a red star\nNegative prompt: blurry\nSteps: 2, Sampler: DDIM, CFG scale: 4, Seed: 42, Size: 64x64, Model: tiny-sd, Version: coinage",
    });
  });

  test("gives every picture a file of its own, also under one name", async () => {
    const line = [
      "--from_file",
      promptFile("a star", "a ring --f star.webp"),
      "--n_iter",
      "2",
      "--sequential_file_name",
    ];
    const events = await run([...line, "--seed", "1"]);
    expect(readdirSync(outdir).sort()).toEqual(["im_000001.png", "im_000001_2.png", "star.webp", "star_2.webp"]);
    const { width } = await decodePicture(path.join(outdir, "star.webp"));
    expect(width).toBe(64);
    expect(saved(events).map(({ picture, pictures }) => [picture, pictures])).toEqual([1, 2, 3, 4].map((n) => [n, 4]));
  });

  test("uses embeddings under the names of their files", async () => {
    const file = path.join(folder, "blorp.safetensors");
    const vectors = [
      arrayOf(
        [2, 96],
        new Float32Array(192).map((_, i) => Math.sin(i)),
      ),
    ];
    await writeEmbedding(
      file,
      { vectors, token: "other", step: undefined, metadata: {} },
      { layout: "kohya", precision: undefined },
    );
    const line = ["--prompt", "a blorp", "--seed", "1"];
    const events = await run([...line, "--textual_inversion_embeddings", file]);
    expect(events[1]).toEqual({ kind: "embedding", file, word: "blorp", tokens: ["blorp", "blorp1"] });
    const pixels = async (all: readonly GenerationRunEvent[]) => (await decodePicture(saved(all)[0]!.file)).data;
    const withWord = await pixels(events);
    expect(Buffer.compare(withWord, await pixels(await run(line)))).not.toBe(0);
    const clash = [file, path.join(folder, "blorp1.safetensors")];
    writeFileSync(clash[1]!, readFileSync(file));
    await refusal([...line, "--textual_inversion_embeddings", ...clash]).toMatchObject({
      code: "TOKEN_EXISTS",
      where: clash[1],
    });
  });

  test("an embedding of another width names both widths", async () => {
    const file = path.join(folder, "wide.safetensors");
    const word = {
      vectors: [arrayOf([1, 768], new Float32Array(768))],
      token: undefined,
      step: undefined,
      metadata: {},
    };
    await writeEmbedding(file, word, { layout: "kohya", precision: undefined });
    await refusal(["--prompt", "p", "--textual_inversion_embeddings", file]).toMatchObject({
      code: "EMBEDDING_WIDTH",
      message: expect.stringMatching(/768.*96/),
    });
  });

  test("draws from pictures, with the prompts they carry", async () => {
    await run(["--from_file", promptFile("a star", "a ring --n red"), "--seed", "1", "--sequential_file_name"]);
    const sources = outdir;
    writeFileSync(path.join(sources, "im_000003.jpg"), readFileSync(path.join(sources, "im_000001.png")));
    outdir = path.join(folder, "second");
    const events = await run(["--prompt", "x", "--use_original_file_name", "--images_per_prompt", "2"], {
      prompt: undefined,
      imagePath: sources,
      strength: 0.9,
    });
    expect(readdirSync(outdir).sort()).toEqual([
      "im_000001.png",
      "im_000001_2.png",
      "im_000002.png",
      "im_000002_2.png",
      "im_000003.png",
      "im_000003_2.png",
    ]);
    const prompts = saved(events).map(({ prompt }) => prompt);
    expect(prompts).toEqual(["a star", "a star", "a ring", "a ring", "a star", "a star"]);
  });

  test("stops when its reader does, and keeps what is done", async () => {
    const settings = settingsOf(["--from_file", promptFile("a star", "a ring"), "--steps", "3"]);
    for await (const event of generateFromSettings(settings, { clock })) if (event.kind === "saved") break;
    expect(readdirSync(outdir)).toHaveLength(1);
  });

  test("finds the model by a pattern", async () => {
    mkdirSync(path.join(folder, "models"));
    const [start] = await run(["--prompt", "p"], { ckpt: path.join(path.dirname(tinySdFolder), "t*y-[rs]d") });
    expect(start).toMatchObject({ kind: "model", path: tinySdFolder });
    await refusal(["--prompt", "p"], { ckpt: path.join(folder, "mod*") }).toMatchObject({
      code: "CHECKPOINT_UNREADABLE",
    });
    await refusal(["--prompt", "p"], { ckpt: path.join(folder, "no*.safetensors") }).toMatchObject({
      code: "FILE_NOT_FOUND",
      where: expect.stringContaining("--ckpt"),
    });
  });
});

describe("mistakes are found before anything is drawn, with their place", () => {
  test.each([
    ["a bad weight", "(a:1.2.3)", "PROMPT_WEIGHT_INVALID"],
    ["a size that is no multiple of 8", "a --w 100", "PICTURE_SIZE"],
    ["seeds that are none", "a --d 5,", "PROMPT_INVALID"],
    ["a name outside the output folder", "a --f ../a.png", "PROMPT_INVALID"],
    ["an option that is not there yet", "a --dsd1 3", "PROMPT_UNSUPPORTED"],
    ["prompts by region", "a AND b", "PROMPT_UNSUPPORTED"],
    ["a strength above 1", "a --t 7", "SETTINGS_CONFLICT"],
  ])("%s", async (_, bad, code) => {
    const file = promptFile("# prompts", "a star", bad);
    await refusal(["--from_file", file]).toMatchObject({ code, where: expect.stringContaining(`${file}, line 3`) });
    expect(readdirSync(outdir)).toEqual([]);
  });

  test("a value that is no number is passed over with a warning", async () => {
    const events = await run(["--prompt", "a --l 1.2.3"]);
    const warning = events.find(({ kind }) => kind === "warning");
    expect(warning).toMatchObject({ code: "PROMPT", message: expect.stringContaining("--l 1.2.3") });
  });

  test.each<[string, string[], Partial<GenerateSettings>, string, RegExp]>([
    ["no prompt file", ["--from_file", "/nowhere/p.txt"], {}, "FILE_NOT_FOUND", /--from_file/],
    ["no model", ["--prompt", "p", "--ckpt", "/nowhere"], {}, "FILE_NOT_FOUND", /--ckpt/],
    [
      "no embedding",
      ["--prompt", "p", "--textual_inversion_embeddings", "/nowhere.pt"],
      {},
      "FILE_NOT_FOUND",
      /--textual/,
    ],
    ["no source", ["--prompt", "p"], { imagePath: "/nowhere" }, "FILE_NOT_FOUND", /--image_path/],
  ])("%s", async (_, line, more, code, where) => {
    const error: { code?: string; where?: string } = await run(line, more).then(
      () => ({}),
      (thrown) => thrown,
    );
    expect(error.code).toBe(code);
    expect(error.where ?? "").toMatch(where);
  });

  test("an output folder that cannot be", async () => {
    writeFileSync(outdir, "a file");
    await refusal(["--prompt", "p"]).toMatchObject({ code: "OUTPUT_UNWRITABLE", where: `--outdir ${outdir}` });
  });

  test("a prompt file without prompts, or not of text", async () => {
    await refusal(["--from_file", promptFile("# nothing", "  ")]).toMatchObject({ code: "PROMPT_MISSING" });
    const file = promptFile("");
    writeFileSync(file, Uint8Array.of(0xff, 0xfe, 0x61));
    await refusal(["--from_file", file]).toMatchObject({ code: "FILE_UNREADABLE" });
  });
});
