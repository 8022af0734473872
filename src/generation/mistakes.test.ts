import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { drawing, failure, saved } from "../../test/drawing.ts";
import { encodePng } from "../pictures/index.ts";
import { generateFromSettings } from "./run.ts";

const here = drawing();

const grey = (width: number, height: number) =>
  encodePng({ width, height, channels: 3, data: new Uint8Array(width * height * 3).fill(128) });

describe("mistakes are found before anything is drawn, with their place", () => {
  test.each([
    ["a bad weight", "(a:1.2.3)", "PROMPT_WEIGHT_INVALID"],
    ["a bad weight in the negative prompt", "a --n (b:1.2.3)", "PROMPT_WEIGHT_INVALID"],
    ["a size that is no multiple of 8", "a --w 100", "PICTURE_SIZE"],
    ["no size", "a --h 0", "PICTURE_SIZE"],
    ["more steps than timesteps", "a --s 1000", "SAMPLER_STEPS"],
    ["seeds that are none", "a --d 5,", "PROMPT_INVALID"],
    ["a name outside the output folder", "a --f ../a.png", "PROMPT_INVALID"],
    ["an option that is not there yet", "a --dsd1 3", "PROMPT_UNSUPPORTED"],
    ["prompts by region", "a AND b", "PROMPT_UNSUPPORTED"],
    ["a strength above 1", "a --t 7", "SETTINGS_CONFLICT"],
    ["more choices than anyone can want", `{e$$5$$${"a|".repeat(99)}a}`, "PROMPT_INVALID"],
  ])("%s", async (_, bad, code) => {
    const file = here.file("prompts.txt", "# prompts", "a star", bad);
    const error = await failure(here.run(["--from_file", file]));
    expect(error).toMatchObject({ code, where: expect.stringContaining(`${file}, line 3`) });
    expect(here.written()).toEqual([]);
  });

  test.each([
    ["no prompt file", ["--from_file", "/nowhere/p.txt"], "FILE_NOT_FOUND", /--from_file/],
    ["a folder as prompt file", ["--from_file", "/"], "FILE_UNREADABLE", /--from_file/],
    ["no model", ["--prompt", "p", "--ckpt", "/nowhere"], "FILE_NOT_FOUND", /--ckpt/],
    [
      "no embedding",
      ["--prompt", "p", "--textual_inversion_embeddings", "/nowhere.pt"],
      "FILE_NOT_FOUND",
      /--textual_inversion_embeddings/,
    ],
    ["a folder as embedding", ["--prompt", "p", "--textual_inversion_embeddings", "/"], "FILE_UNREADABLE", /--textual/],
    ["more layers to skip than there are", ["--prompt", "p", "--clip_skip", "99999"], "SETTINGS_CONFLICT", /--prompt/],
    ["a giant picture", ["--prompt", "p", "--W", "80000000"], "PICTURE_SIZE", /--prompt/],
    ["a giant enlargement", ["--prompt", "p", "--highres_fix_scale", "1e6"], "PICTURE_SIZE", /--prompt/],
    ["many steps", ["--prompt", "p", "--steps", "100000000000"], "SAMPLER_STEPS", /--prompt/],
    [
      "many pictures",
      ["--prompt", "p", "--images_per_prompt", "1000000000000"],
      "SETTINGS_CONFLICT",
      /--images_per_prompt/,
    ],
    ["a giant batch", ["--prompt", "p", "--batch_size", "1000000000000"], "SETTINGS_CONFLICT", /--batch_size/],
    [
      "a batch of too many pixels",
      ["--prompt", "p --w 1024 --h 1024", "--batch_size", "300", "--images_per_prompt", "300"],
      "PICTURE_SIZE",
      /--prompt/,
    ],
    ["a giant prompt", ["--prompt", "p", "--max_embeddings_multiples", "1000000"], "SETTINGS_CONFLICT", /--prompt/],
    ["a scale beyond all numbers", ["--prompt", "p --l 9".padEnd(400, "9")], "SETTINGS_CONFLICT", /--prompt/],
    ["no source", ["--prompt", "p", "--image_path", "/nowhere"], "FILE_NOT_FOUND", /--image_path/],
    ["a first stage of no size", ["--prompt", "p", "--highres_fix_scale", "0.1"], "PICTURE_SIZE", /--prompt/],
    [
      "a sampler that needs signal",
      ["--prompt", "p", "--zero_terminal_snr", "--sampler", "lms"],
      "SETTINGS_CONFLICT",
      /--prompt/,
    ],
  ])("%s", async (_, line, code, where) => {
    const error = await failure(here.run(line));
    expect(error.code).toBe(code);
    expect(error.where ?? "").toMatch(where);
  });

  test("sources and masks: none in the folder, no picture, another size", async () => {
    const folder = path.join(here.folder, "sources");
    mkdirSync(folder);
    const line = ["--prompt", "p", "--image_path", folder];
    expect(await failure(here.run(line))).toMatchObject({ code: "FILE_NOT_FOUND", where: `--image_path ${folder}` });
    writeFileSync(path.join(folder, "a.png"), await grey(64, 64));
    expect(await failure(here.run([...line, "--mask_path", "/nowhere"]))).toMatchObject({
      code: "FILE_NOT_FOUND",
      where: "--mask_path /nowhere",
    });
    const mask = path.join(here.folder, "mask.png");
    writeFileSync(mask, await grey(96, 64));
    // init images keep their own size unless both sides are given
    const ownSize = generateFromSettings({
      settings: { ...here.settings([...line, "--mask_path", mask]), width: undefined },
      warnings: [],
    });
    expect(await failure(ownSize.next().then(() => ownSize.next()))).toMatchObject({
      code: "PICTURE_SIZE",
      where: "--prompt",
      message: expect.stringContaining("96 x 64"),
    });
    writeFileSync(path.join(folder, "a.png"), "no picture");
    const unread = generateFromSettings({ settings: { ...here.settings(line), width: undefined }, warnings: [] });
    expect(await failure(unread.next().then(() => unread.next()))).toMatchObject({ code: "PICTURE_UNREADABLE" });
    expect(here.written()).toEqual([]);
  });

  test("an output folder that cannot be", async () => {
    writeFileSync(here.outdir, "a file");
    expect(await failure(here.run(["--prompt", "p"]))).toMatchObject({
      code: "OUTPUT_UNWRITABLE",
      where: `--outdir ${here.outdir}`,
    });
    const nowhere = process.platform === "linux" ? "/proc/none/pictures" : path.join(here.outdir, "pictures");
    expect(await failure(here.run(["--prompt", "p", "--outdir", nowhere]))).toMatchObject({
      code: "OUTPUT_UNWRITABLE",
      where: `--outdir ${nowhere}`,
    });
  });

  test("a prompt file without prompts, or not of text", async () => {
    const empty = here.file("prompts.txt", "# nothing", "  ");
    expect(await failure(here.run(["--from_file", empty]))).toMatchObject({ code: "PROMPT_MISSING" });
    writeFileSync(empty, Uint8Array.of(0xff, 0xfe, 0x61));
    expect(await failure(here.run(["--from_file", empty]))).toMatchObject({ code: "FILE_UNREADABLE" });
  });
});

test("a value that is not a number is ignored with a warning", async () => {
  const events = await here.run(["--prompt", "a --l 1.2.3"]);
  const warning = events.find(({ kind }) => kind === "warning");
  expect(warning).toMatchObject({ code: "PROMPT", message: expect.stringContaining("--l 1.2.3") });
});

test("a schedule without signal for a model that predicts noise is reported", async () => {
  const events = await here.run(["--prompt", "a", "--zero_terminal_snr"]);
  expect(events).toContainEqual({
    kind: "warning",
    code: "MODEL",
    message: expect.stringContaining("predict velocity"),
  });
});

test("what is drawn before something breaks stays", async () => {
  const [first, second] = ["a.png", "b.png"].map((name) => path.join(here.folder, "sources", name));
  mkdirSync(path.dirname(first!));
  writeFileSync(first!, await grey(64, 64));
  writeFileSync(second!, await grey(64, 64));
  const settings = here.settings([
    "--from_file",
    here.file("p.txt", "a", "b"),
    "--image_path",
    path.dirname(first!),
    "--seed",
    "1",
  ]);
  const done: string[] = [];
  const run = async () => {
    for await (const event of generateFromSettings({ settings, warnings: [] })) {
      if (event.kind === "start") writeFileSync(second!, "broken");
      done.push(...saved([event]).map(({ file }) => file));
    }
  };
  expect(await failure(run())).toMatchObject({ code: "PICTURE_UNREADABLE", message: expect.stringContaining(second!) });
  expect(done).toHaveLength(1);
  expect(readFileSync(done[0]!).length).toBeGreaterThan(0);
  expect(here.written()).toEqual([path.basename(done[0]!)]);
});

test("an output folder that goes away is reported", async () => {
  const run = async () => {
    for await (const event of generateFromSettings({ settings: here.settings(["--prompt", "a"]), warnings: [] }))
      if (event.kind === "start") rmSync(here.outdir, { recursive: true });
  };
  expect(await failure(run())).toMatchObject({
    code: "OUTPUT_UNWRITABLE",
    message: expect.stringContaining(here.outdir),
  });
});
