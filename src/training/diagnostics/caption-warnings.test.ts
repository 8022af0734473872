import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { eventsOf, ofKind, trainingFolder } from "../../../test/training-run.ts";
import { clipMerges } from "../../assets/index.ts";
import { openDataset, replacementsFor } from "../../dataset/index.ts";
import { encodePng } from "../../pictures/index.ts";
import { PythonRandom } from "../../random/index.ts";
import { addLayeredPlaceholder, addPlaceholder, createTokenizer } from "../../tokenizer/index.ts";
import { type DebugEvent, debugDataset } from "../index.ts";
import { templateOf } from "../setup/placeholder.ts";
import { captionWarnings } from "./caption-warnings.ts";

const { work, settingsFor } = trainingFolder();
const png = await encodePng({ width: 128, height: 128, channels: 3, data: new Uint8Array(128 * 128 * 3) });
let folders = 0;

/** Flags for a folder of images with these captions, and one of regularisation images. */
function dataset(captions: readonly string[], regularisation: readonly string[] = []): string[] {
  const parent = path.join(work, `pictures${folders++}`);
  const fill = (name: string, texts: readonly string[]) => {
    const folder = path.join(parent, name, "1_thing");
    mkdirSync(folder, { recursive: true });
    for (const [i, text] of texts.entries()) {
      // trailing bytes make each file unique
      writeFileSync(path.join(folder, `${i}.png`), Buffer.concat([png, Buffer.from(`${name}${i}`)]));
      writeFileSync(path.join(folder, `${i}.txt`), text);
    }
    return path.join(parent, name);
  };
  const flags = ["--train_data_dir", fill("train", captions), "--resolution", "128", "--caption_extension", ".txt"];
  return regularisation.length > 0 ? [...flags, "--reg_data_dir", fill("reg", regularisation)] : flags;
}

const plain = createTokenizer(await clipMerges(), { padding: "eos" });
const layers = ["IN01", "IN02", "OUT11"];

async function opened(flags: readonly string[]) {
  const settings = { ...(await settingsFor(...flags)), datasetConfig: undefined };
  const { tokenString: token, numVectorsPerToken: vectors } = settings;
  const { tokenizer, placeholder: word } = settings.xti
    ? addLayeredPlaceholder(plain, token, vectors, layers)
    : addPlaceholder(plain, token, vectors);
  const random = new PythonRandom(1);
  const replacements = replacementsFor(word.tokens, templateOf(settings));
  const readable = { tokenizers: [tokenizer], ...word, layers: settings.xti ? layers : undefined };
  const group = await openDataset(settings, { random });
  return { settings, random, context: { group, placeholder: readable, replacements, length: { steps: 10 } } };
}

async function warned(
  captions: readonly string[],
  flags: readonly string[] = [],
  regularisation: readonly string[] = [],
) {
  const { settings, random, context } = await opened([...dataset(captions, regularisation), ...flags]);
  const state = random.state();
  const warnings = captionWarnings(settings, context);
  expect(random.state(), "no random number of the run is drawn").toEqual(state);
  return warnings.map(({ code, message }) => `${code} ${message.replaceAll(`${work}/`, "")}`);
}

const many = (count: number, tag = "red") => Array.from({ length: count }, () => tag).join(", ");

describe("the word in captions", () => {
  test("that all hold it says nothing, however it comes in", async () => {
    expect(await warned(["a vexla", "vexla, red", "(vexla:1.2)", "the vexla's hat", "一张vexla的照片"])).toEqual([]);
    expect(await warned(["a photo", "red"], ["--caption_prefix", "vexla,"])).toEqual([]);
    expect(await warned(["a photo", "red"], ["--caption_suffix", "of vexla"])).toEqual([]);
    expect(await warned(["a {vexla|vexla's hat}\nvexla below"], ["--enable_wildcard"])).toEqual([]);
    expect(await warned(["a vex{la|la in red}"], ["--enable_wildcard"])).toEqual([]);
    expect(await warned(["nothing"], ["--use_object_template", "--num_vectors_per_token", "3"])).toEqual([]);
    expect(await warned([many(30), many(30)], ["--caption_prefix", "vexla", "--xti"])).toEqual([]);
  });

  test("that none or some hold it not is told with counts and files", async () => {
    expect(await warned(["a", "b"])).toEqual([expect.stringMatching(/^TOKEN_IN_NO_CAPTION .*none of the 2 captions/)]);
    expect(await warned(["a vexla", "b", "c"])).toEqual([
      expect.stringMatching(/^TOKEN_MISSING_IN_CAPTIONS .*2 of 3 captions.*1_thing\/1\.png, .*2\.png\.$/),
    ]);
    expect(await warned(["a vexla\nb vexla"], ["--caption_prefix", "the"])).toEqual([]);
  });

  test("as a piece of another word is not the word", async () => {
    const flags = ["--token_string", "vexla1"];
    expect(await warned(["a vexla10", "vexla1"], flags)).toEqual([
      expect.stringMatching(/^TOKEN_INSIDE_WORD In 1 of 2 captions "vexla1" .*"vexla10"/),
    ]);
    expect(await warned(["vexla10", "xvexla1"], [...flags, "--num_vectors_per_token", "2"])).toEqual([
      expect.stringMatching(/^TOKEN_INSIDE_WORD In 2 of 2/),
    ]);
  });

  test("in another letter case gives a hint", async () => {
    expect(await warned(["a Vexla", "vexla"])).toEqual([
      expect.stringMatching(/^TOKEN_MISSING_IN_CAPTIONS .*"Vexla" appears in 1 of them/),
    ]);
    expect(await warned(["a VEXLA, red", "b"])).toEqual([expect.stringMatching(/^TOKEN_IN_NO_CAPTION .*"VEXLA"/)]);
  });

  test("by chance of wildcards, dropped tags and warm-up is told", async () => {
    const chance = (by: string) => [expect.stringMatching(new RegExp(`^TOKEN_MISSING_BY_CHANCE .*${by}`))];
    expect(await warned(["a {vexla|cat|dog}"], ["--enable_wildcard"])).toEqual(chance("wildcards"));
    expect(await warned(["vexla\nno word"], ["--enable_wildcard"])).toEqual(chance("wildcards"));
    const warmUp = ["--token_warmup_step", "2"];
    expect(await warned(["red, blue, vexla"], warmUp)).toEqual(chance("token warm-up"));
    expect(await warned(["red, blue, vexla"], [...warmUp, "--token_warmup_min", "3"])).toEqual([]);
  });

  test("in captions of regularisation pictures is told", async () => {
    expect(await warned(["a vexla", "vexla"], [], ["a thing", "a vexla"])).toEqual([
      expect.stringMatching(/^TOKEN_IN_REGULARISATION .*on 1 of/),
    ]);
    expect(await warned(["a vexla"], [], ["a thing"])).toEqual([]);
  });
});

describe("the limit of tokens", () => {
  const cutOff = (more: string) => [
    expect.stringMatching(new RegExp(`^TOKEN_CUT_OFF .*${more}`)),
    expect.stringMatching(/^CAPTIONS_CUT /),
  ];

  test("cuts off a word that stands behind it", async () => {
    const captions = [`${many(40)}, vexla`, `vexla, ${many(80)}`, "vexla"];
    const [lost, long] = await warned(captions);
    expect(lost).toMatch(
      /^TOKEN_CUT_OFF In 1 of 3 captions "vexla" comes after token 75 .*0\.png.*--max_token_length 225/,
    );
    expect(long).toMatch(/^CAPTIONS_CUT In 2 of 3 captions .*up to 161.*--max_token_length 225/);
    expect(await warned(captions, ["--max_token_length", "150"])).toEqual([
      expect.stringMatching(/^CAPTIONS_CUT In 1/),
    ]);
    expect(await warned(captions, ["--max_token_length", "225"])).toEqual([]);
    expect(await warned([`${many(40)}, vexla`], ["--xti"])).toEqual(cutOff("In 1 of 1"));
  });

  test("cuts it off by chance of shuffling, unless it is kept first", async () => {
    const captions = [`vexla, ${many(40)}`];
    expect(await warned(captions, ["--shuffle_caption"])).toEqual(cutOff("shuffling.*--keep_tokens 1"));
    expect(await warned(captions, ["--shuffle_caption", "--keep_tokens", "1"])).toEqual([
      expect.stringMatching(/^CAPTIONS_CUT /),
    ]);
    const wild = [`{${many(39)}|red}, vexla`];
    expect(await warned(wild, ["--enable_wildcard"])).toEqual(cutOff("wildcards"));
  });

  test("cuts off vectors of the word, and tells how few are left", async () => {
    const flags = ["--num_vectors_per_token", "70"];
    expect(await warned([`${many(5)}, vexla`, "vexla"], flags)).toEqual([
      expect.stringMatching(
        /^VECTORS_CUT_OFF In 1 of 2 captions .*as few as 65 of 70 are trained.*lower --num_vectors_per_token/,
      ),
      expect.stringMatching(/^CAPTIONS_CUT /),
    ]);
    expect(await warned(["x"], [...flags, "--use_object_template"])).toEqual([
      expect.stringMatching(/^VECTORS_CUT_OFF In \d+ of 27 template sentences .*"a close-up photo of a vexla"/),
      expect.stringMatching(/^CAPTIONS_CUT /),
    ]);
    expect(await warned([`${many(5)}, vexla`], [...flags, "--max_token_length", "150"])).toEqual([]);
    expect(await warned([`${many(5)}, vexla`], [...flags, "--xti"])).toEqual([
      expect.stringMatching(/^VECTORS_CUT_OFF .*65 of 70/),
      expect.anything(),
    ]);
  });
});

test("ten thousand captions are read in seconds", async () => {
  const { settings, context } = await opened([...dataset(["vexla"]), "--shuffle_caption", "--enable_wildcard"]);
  const [image] = context.group.images;
  const caption = (i: number) => `${many(10, `tag${i % 7}`)}, {vexla|vexla ${i}}, {red|green|blue} number ${i}`;
  const images = Array.from({ length: 10_000 }, (_, i) => ({ ...image!, caption: caption(i) }));
  const group = Object.create(context.group, { images: { value: images } });
  const start = performance.now();
  expect(captionWarnings(settings, { ...context, group })).toEqual([]);
  expect(performance.now() - start).toBeLessThan(20_000);
});

describe("what a run and a listing tell of it", () => {
  const cut = `${many(40)}, vexla`;

  test("--debug_dataset warns and says it of every caption", async () => {
    const flags = [...dataset([cut, "a vexla", "a Vexla", "vexlas"]), "--debug_dataset", "--train_batch_size", "4"];
    const events: DebugEvent[] = [];
    for await (const event of debugDataset((await opened(flags)).settings)) events.push(event);
    const codes = events.flatMap((event) => (event.kind === "warning" ? event.code : []));
    expect(codes).toEqual(
      expect.arrayContaining(["TOKEN_MISSING_IN_CAPTIONS", "TOKEN_INSIDE_WORD", "TOKEN_CUT_OFF", "CAPTIONS_CUT"]),
    );
    const samples = events.flatMap((event) => (event.kind === "batch" ? event.samples : []));
    expect(samples.map(({ word }) => word).sort()).toEqual([
      "cut off; 81 tokens, cut at 75",
      'not there (letter case matters: "Vexla")',
      'only as part of "vexlas"',
      "there",
    ]);
  });

  test("--debug_dataset_dir is no folder of the dataset, whose next run would train on what is written", async () => {
    const flags = dataset(["a vexla"]);
    const folder = path.join(flags[1]!, "1_thing");
    const { settings } = await opened([...flags, "--debug_dataset", "--debug_dataset_dir", `${folder}/`]);
    const listed = async () => {
      for await (const _ of debugDataset(settings));
    };
    await expect(listed()).rejects.toMatchObject({ code: "SETTINGS_CONFLICT", where: "--debug_dataset_dir" });
    expect(readdirSync(folder)).toHaveLength(2);
  });

  test("a run warns before its first step, and then gives the true reason for no gradient", async () => {
    const { settings } = await opened([
      ...dataset([cut]),
      "--cache_latents",
      "--max_train_steps",
      "1",
      "--output_name",
      "last",
    ]);
    const warnings = ofKind(await eventsOf(settings), "warning");
    const codes = ["TOKEN_CUT_OFF", "CAPTIONS_CUT", "OUTPUT_NAME", "LEARNING_RATE_SMALL", "GRADIENT_ZERO"];
    expect(warnings.map(({ code }) => code)).toEqual(codes);
    expect(warnings[2]!.message).toMatch(/"last" does not work .* word of the model.*--output_name lastx1/);
    expect(warnings.at(-1)!.message).toMatch(/its caption is cut off before it/);
  });
});
