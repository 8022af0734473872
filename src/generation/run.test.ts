import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { drawing, drawingTime, saved } from "../../test/drawing.ts";
import { meanDifference } from "../../test/pictures.ts";
import { arrayOf } from "../array/index.ts";
import { tinySdFolder } from "../assets/index.ts";
import { samplerNames } from "../diffusion/index.ts";
import { writeEmbedding } from "../embedding/index.ts";
import { readPngTexts } from "../formats/png-text/index.ts";
import { generateTable } from "../options/index.ts";
import { decodePicture, readPictureSize } from "../pictures/index.ts";
import { generateFromSettings } from "./run.ts";
import type { GenerationRunEvent } from "./run-events.ts";
import { commandLineSampling } from "./settings.ts";

const here = drawing();

describe("a run", () => {
  test("tells what it does and writes pictures that say where they came from", async () => {
    const events = await here.run(["--prompt", "a red star --n blurry --l 4", "--seed", "42"]);
    expect(events.map(({ kind }) => kind)).toEqual(["model", "start", "step", "step", "saved", "done"]);
    expect(events[0]).toMatchObject({ kind: "model", family: "sd1", predictionType: "epsilon" });
    expect(events[1]).toMatchObject({ device: "cpu", pictures: 1, batches: 1, folder: here.outdir });
    expect(events[2]).toMatchObject({ step: 1, steps: 2, picture: 1, inBatch: 1, pictures: 1 });
    const file = path.join(here.outdir, "im_20240102030405_000_42.png");
    expect(events[4]).toMatchObject({ file, picture: 1, seed: 42, prompt: "a red star" });
    expect(events[5]).toMatchObject({ files: [file] });
    expect(here.written()).toEqual([path.basename(file)]);
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
      here.file("prompts.txt", "a star", "a ring --f star.webp"),
      "--n_iter",
      "2",
      "--sequential_file_name",
    ];
    const events = await here.run([...line, "--seed", "1"]);
    expect(here.written()).toEqual(["im_000001.png", "im_000001_2.png", "star.webp", "star_2.webp"]);
    const { width } = await decodePicture(path.join(here.outdir, "star.webp"));
    expect(width).toBe(64);
    expect(saved(events).map(({ picture, pictures }) => [picture, pictures])).toEqual([1, 2, 3, 4].map((n) => [n, 4]));
  });

  test("uses embeddings under the names of their files", async () => {
    const file = path.join(here.folder, "blorp.safetensors");
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
    const events = await here.run([...line, "--textual_inversion_embeddings", file]);
    expect(events[1]).toEqual({ kind: "embedding", file, word: "blorp", tokens: ["blorp", "blorp1"] });
    const pixels = async (all: readonly GenerationRunEvent[]) => (await decodePicture(saved(all)[0]!.file)).data;
    const withWord = await pixels(events);
    expect(Buffer.compare(withWord, await pixels(await here.run(line)))).not.toBe(0);
    const clash = [file, path.join(here.folder, "blorp1.safetensors")];
    writeFileSync(clash[1]!, readFileSync(file));
    await expect(here.run([...line, "--textual_inversion_embeddings", ...clash])).rejects.toMatchObject({
      code: "TOKEN_EXISTS",
      where: clash[1],
      hint: expect.stringContaining(`blorp1x1=${clash[1]}`),
    });
    const renamed = await here.run([...line, "--textual_inversion_embeddings", file, `zapdot=${clash[1]}`]);
    expect(renamed[2]).toMatchObject({ kind: "embedding", file: clash[1], word: "zapdot" });
    expect(renamed[3]).toMatchObject({ kind: "warning", code: "EMBEDDING_UNUSED" });
    expect(renamed[4]).toMatchObject({ kind: "start" });
    await expect(here.run([...line, "--textual_inversion_embeddings", here.folder])).rejects.toMatchObject({
      code: "FILE_UNREADABLE",
      hint: expect.stringContaining(`${file} ${clash[1]}`),
    });
  });

  test("an embedding of another width names both widths", async () => {
    const file = path.join(here.folder, "wide.safetensors");
    const word = {
      vectors: [arrayOf([1, 768], new Float32Array(768))],
      token: undefined,
      step: undefined,
      metadata: {},
    };
    await writeEmbedding(file, word, { layout: "kohya", precision: undefined });
    await expect(here.run(["--prompt", "p", "--textual_inversion_embeddings", file])).rejects.toMatchObject({
      code: "EMBEDDING_WIDTH",
      message: expect.stringMatching(/768.*96/),
    });
  });

  test("draws from pictures, with the prompts they carry", async () => {
    await here.run([
      "--from_file",
      here.file("prompts.txt", "a star", "a ring --n red"),
      "--seed",
      "1",
      "--sequential_file_name",
    ]);
    const sources = here.outdir;
    writeFileSync(path.join(sources, "im_000003.jpg"), readFileSync(path.join(sources, "im_000001.png")));
    const second = path.join(here.folder, "second");
    const line = ["--image_path", sources, "--strength", "0.9", "--use_original_file_name", "--outdir", second];
    const events = await here.run([...line, "--images_per_prompt", "2"]);
    expect(here.written(second)).toEqual([
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
    const settings = here.settings(["--from_file", here.file("prompts.txt", "a star", "a ring"), "--steps", "3"]);
    for await (const event of generateFromSettings({ settings, warnings: [] }, { clock: () => drawingTime }))
      if (event.kind === "saved") break;
    expect(here.written()).toHaveLength(1);
  });

  test("finds the model by a pattern", async () => {
    mkdirSync(path.join(here.folder, "models"));
    const [start] = await here.run(["--prompt", "p", "--ckpt", path.join(path.dirname(tinySdFolder), "t*y-[rs]d")]);
    expect(start).toMatchObject({ kind: "model", path: tinySdFolder });
    await expect(here.run(["--prompt", "p", "--ckpt", path.join(here.folder, "mod*")])).rejects.toMatchObject({
      code: "CHECKPOINT_UNREADABLE",
    });
    await expect(
      here.run(["--prompt", "p", "--ckpt", path.join(here.folder, "no*.safetensors")]),
    ).rejects.toMatchObject({
      code: "FILE_NOT_FOUND",
      where: expect.stringContaining("--ckpt"),
    });
  });

  test("puts all pictures on one sheet, a row for each prompt", async () => {
    const prompts = here.file("prompts.txt", "a star", "a <ring> & more --w 96");
    const line = ["--from_file", prompts, "--images_per_prompt", "3", "--batch_size", "3", "--sheet"];
    const events = await here.run([
      ...line,
      "--highres_fix_scale",
      "1",
      "--highres_fix_steps",
      "1",
      "--highres_fix_save_1st",
    ]);
    const file = path.join(here.outdir, "sheet_20240102030405.png");
    expect(events.at(-2)).toEqual({ kind: "sheet", file, pictures: 6 });
    const { width, height } = await decodePicture(file);
    expect(width).toBeGreaterThan(3 * 256);
    expect(width).toBeLessThan(4 * 256);
    expect(height).toBeGreaterThan(2 * 256);
    expect(height).toBeLessThan(3 * 256);
  });

  test("shows pictures on their way, in a file that goes with the end", async () => {
    const line = ["--prompt", "a star --f coinage-preview.png", "--images_per_prompt", "2", "--batch_size", "2"];
    const settings = here.settings([...line, "--steps", "6", "--preview_every_n_steps", "2"]);
    const shown: string[] = [];
    for await (const event of generateFromSettings({ settings, warnings: [] }, { clock: () => drawingTime })) {
      if (event.kind !== "preview") continue;
      const [width, height] = await readPictureSize(event.file);
      expect(event).toMatchObject({ steps: 6, picture: 1, inBatch: 2, pictures: 2 });
      shown.push(`${path.basename(event.file)} ${event.step} ${width > 2 * 64 && height > 64}`);
    }
    expect(shown).toEqual([2, 4].map((step) => `coinage-preview.png ${step} true`));
    expect(here.written()).toEqual(["coinage-preview_2.png", expect.stringMatching(/^im_/)]);
  });

  test("decodes in bands and draws the same", async () => {
    const line = ["--prompt", "a star", "--seed", "1"];
    const banded = [...line, "--vae_slices", "3", "--outdir", path.join(here.folder, "banded")];
    expect(commandLineSampling(here.settings(banded), "sd1").vaeSlices).toBe(3);
    const pictures = await Promise.all(
      [line, banded].map(async (words) => decodePicture(saved(await here.run(words))[0]!.file)),
    );
    expect(meanDifference(pictures[1]!, pictures[0]!)).toBeLessThan(0.01);
  });

  test("draws with another VAE", async () => {
    const line = ["--prompt", "a star", "--seed", "1"];
    const own = saved(await here.run(line))[0]!.file;
    const vae = await here.run([
      ...line,
      "--vae",
      path.join(tinySdFolder, "vae"),
      "--outdir",
      path.join(here.folder, "vae"),
    ]);
    expect((await decodePicture(saved(vae)[0]!.file)).data).toEqual((await decodePicture(own)).data);
    await expect(here.run([...line, "--vae", path.join(here.folder, "none.pt")])).rejects.toMatchObject({
      where: expect.stringContaining("--vae"),
    });
  });
});

test("every sampler there is can be asked for", () => {
  expect([...generateTable.sampler.choices].sort()).toEqual([...samplerNames].sort());
});
