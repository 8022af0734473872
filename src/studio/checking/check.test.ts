import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { codeOf, studioRoutes } from "../../../test/studio.ts";
import { concept } from "../../../test/training-run.ts";
import { readTrainRequest } from "../../options/index.ts";
import type { ListedModel } from "../disk/library.ts";
import type { Draft } from "../drafts/draft.ts";
import type { ListedSetting } from "../drafts/settings.ts";
import type { Alternative, Check } from "./check.ts";

const { ask, root, work, bugs } = studioRoutes();

async function listed(): Promise<readonly ListedModel[]> {
  return ((await (await ask("GET", "/api/models")).json()) as { models: ListedModel[] }).models;
}

async function checked(
  id: string,
  word: string,
  settings: object,
  model: object | null,
  captions: object = {},
): Promise<Check> {
  const { draft } = (await (await ask("GET", `/api/drafts/${id}`)).json()) as { draft: { revision: number } };
  const body = { revision: draft.revision, word, model, settings, captions };
  expect((await ask("PUT", `/api/drafts/${id}`, { body })).status).toBe(200);
  return (await (await ask("POST", `/api/drafts/${id}/check`)).json()) as Check;
}

describe("the models that are listed", () => {
  const folder = path.join(root, "apps", "ComfyUI", "models", "checkpoints");
  mkdirSync(path.join(folder, "sub"), { recursive: true });
  writeFileSync(path.join(folder, "broken.safetensors"), "no model");
  writeFileSync(path.join(folder, "sub", "code.ckpt"), "no model either");

  test("have a family and a precision; files that are none are left out", async () => {
    const models = await listed();
    expect(models).toContainEqual(
      expect.objectContaining({
        name: "tiny-sd",
        program: "coinage",
        family: "sd1",
        precision: "float16",
        problems: [],
      }),
    );
    expect(models.map(({ name }) => name)).not.toContain("broken.safetensors");
  });
});

describe("a check of a draft", async () => {
  const [tiny] = (await listed()).filter(({ name }) => name === "tiny-sd");
  const model = { id: tiny!.id };
  const id = "checked1";
  for (const name of readdirSync(concept)
    .filter((one) => one.endsWith(".png"))
    .slice(0, 3))
    await ask("PUT", `/api/drafts/${id}/pictures/${name}`, {
      body: new Uint8Array(readFileSync(path.join(concept, name))),
    });
  const settings = {
    resolution: [128, 128],
    init_word: "ring",
    max_train_steps: 20,
    learning_rate: 0.01,
    device: "cpu",
  };

  test("says what the run would be: token ids, buckets, steps, memory and time", async () => {
    const { errors, word, run } = await checked(id, "vexla", { ...settings, num_vectors_per_token: 2 }, model);
    expect(errors).toEqual([]);
    expect(word).toEqual({ ids: [49408, 49409], initIds: [2540], captionsWithWord: 0, captions: 3 });
    expect(run).toMatchObject({ device: "cpu", steps: 20, tokenIds: [49408, 49409], numTrainImages: 3 });
    expect(run!.dataset.datasets[0]!.buckets).toEqual([{ resolution: [128, 128], count: 3 }]);
    expect(run!.expectedPeakBytes).toBeGreaterThan(1e6);
    expect(run!.expectedSeconds).toBeGreaterThan(0);
  });

  test("says what would take much less, and what it says is what the check then tells", async () => {
    const dear = { recipe: "object", init_word: "ring", max_train_epochs: 40, device: "cpu", train_batch_size: 4 };
    const before = await checked(id, "vexla", dear, model);
    const answer = await ask("POST", `/api/drafts/${id}/alternatives`);
    const { alternatives } = (await answer.json()) as { alternatives: readonly Alternative[] };
    expect(alternatives.map(({ fix }) => fix.label)).toContain(`Make half the steps, ${before.run!.steps / 2}`);
    for (const { fix, seconds, peakBytes } of alternatives) {
      const changed = Object.entries({ ...dear, ...fix.settings }).filter(([, value]) => value !== null);
      const { run } = await checked(id, "vexla", Object.fromEntries(changed), model);
      expect([run!.expectedSeconds, run!.expectedPeakBytes]).toEqual([seconds, peakBytes]);
      const { expectedSeconds, expectedPeakBytes } = before.run!;
      expect(Math.min(seconds / expectedSeconds, peakBytes / expectedPeakBytes)).toBeLessThanOrEqual(0.8);
    }
    await checked(id, "cat", dear, model);
    expect(await (await ask("POST", `/api/drafts/${id}/alternatives`)).json()).toEqual({ alternatives: [] });
  });

  test("has the warnings that the run would begin with", async () => {
    const { warnings } = await checked(id, "vexla", { ...settings, learning_rate: 1e-7 }, model);
    expect(warnings.map(({ code }) => code)).toContain("LEARNING_RATE_SMALL");
    expect(warnings.map(({ code }) => code)).toContain("DATASET_CAPTION_FROM_CLASS");
  });

  test("says what of each image is trained on, as the training cuts it", async () => {
    const { crops } = await checked(id, "vexla", { ...settings, resolution: "128,64" }, model);
    const [crop] = crops;
    expect(crops).toHaveLength(3);
    // the images are square: half of their height is kept
    expect(crop).toMatchObject({ width: 128, height: 64, left: 0, isRandom: false });
    expect(crop!.cropWidth).toBeCloseTo(2 * crop!.cropHeight);
    expect(crop!.top).toBeCloseTo(crop!.cropHeight / 2);
    expect(crop!.picture).toMatch(/^0001_/);
  });

  test("tells the rest of a word that is still being typed", async () => {
    const { errors, run, crops } = await checked(id, "cat", settings, model);
    expect(errors).toEqual([
      expect.objectContaining({ code: "TOKEN_EXISTS", fix: { label: 'Use "catx1"', settings: {}, word: "catx1" } }),
    ]);
    expect(run).toMatchObject({ steps: 20 });
    expect(crops).toHaveLength(3);
    const unknown = await checked(id, "vexla", { recipe: "quick", init_word: "schnauzerdoodle", device: "cpu" }, model);
    expect(unknown).toMatchObject({ errors: [{ code: "INIT_WORD_UNKNOWN" }], run: { recipe: { name: "quick" } } });
    expect((await checked(id, "", settings, model)).errors.map(({ code }) => code)).toEqual(["TOKEN_EMPTY"]);
  });

  test("tells a clash of the word also while no model is chosen", async () => {
    const { errors, word } = await checked(id, "cat", settings, null);
    expect(errors.map(({ code }) => code)).toEqual(["TOKEN_EXISTS", "SETTINGS_MISSING"]);
    expect(word.ids).toEqual([]);
  });

  test("tells a clash once", async () => {
    const { errors } = await checked(id, "cat", settings, model);
    expect(errors.map(({ code }) => code)).toEqual(["TOKEN_EXISTS"]);
    expect(errors[0]!.hint).toContain("catx1");
  });

  test.each([
    ["a model that is gone", { id: "0123456789abcdef" }],
    ["a path in the place of a hub name", { hub: "/etc/passwd" }],
    ["a way out in the place of a hub name", { hub: "../x" }],
    ["an address in the place of a hub name", { hub: "http://evil.example/x/y" }],
  ])("refuses %s", async (_, strange) => {
    const { draft } = (await (await ask("GET", `/api/drafts/${id}`)).json()) as { draft: { revision: number } };
    await ask("PUT", `/api/drafts/${id}`, {
      body: { revision: draft.revision, word: "vexla", model: strange, settings },
    });
    const answer = await ask("POST", `/api/drafts/${id}/check`);
    expect([answer.status, await codeOf(answer)]).toEqual([400, "MODEL_UNKNOWN"]);
  });

  test("downloads nothing: a model that is not here yet is said to be missing", async () => {
    const { errors } = await checked(id, "vexla", settings, { hub: "nobody/nothing" });
    expect(errors.map(({ code }) => code)).toEqual(["HUB_OFFLINE"]);
  });
});

describe("a fix", async () => {
  const [tiny] = (await listed()).filter(({ name }) => name === "tiny-sd");
  const model = { id: tiny!.id };
  const id = "mended1";
  const names = readdirSync(concept).filter((one) => one.endsWith(".png"));
  for (const [i, name] of [names[0]!, names[1]!, names[0]!].entries())
    await ask("PUT", `/api/drafts/${id}/pictures/${i}${name}`, {
      body: new Uint8Array(readFileSync(path.join(concept, name))),
    });
  const transparent = { r: 200, g: 90, b: 40, alpha: 0.5 };
  await ask("PUT", `/api/drafts/${id}/pictures/3_transparent.png`, {
    body: new Uint8Array(
      await sharp({ create: { width: 128, height: 128, channels: 4, background: transparent } })
        .png()
        .toBuffer(),
    ),
  });
  const plain = { resolution: 128, init_word: "ring", max_train_steps: 20, learning_rate: 0.01, device: "cpu" };

  /** Checks, applies the fix of a problem, and checks again. */
  async function mended(code: string, word: string, settings: Record<string, unknown>, texts: readonly string[]) {
    const { draft } = (await (await ask("GET", `/api/drafts/${id}`)).json()) as { draft: Draft };
    const captions = Object.fromEntries(
      draft.pictures.map(({ name }, i) => [name, texts[i] ?? (texts.length > 0 ? held : "")]),
    );
    const before = await checked(id, word, settings, model, captions);
    const found = [...before.errors, ...before.warnings].find((one) => one.code === code);
    expect([...before.errors, ...before.warnings].map((one) => one.code)).toContain(code);
    expect(found!.fix).toBeDefined();
    const { settings: changes, word: newWord = word, captions: newCaptions = {}, without = [] } = found!.fix!;
    const changed = Object.entries({ ...settings, ...changes }).filter(([, value]) => value !== null);
    for (const name of without) await ask("DELETE", `/api/drafts/${id}/pictures/${name}`);
    const after = await checked(id, newWord, Object.fromEntries(changed), model, newCaptions);
    return [...after.errors, ...after.warnings].map((one) => one.code);
  }
  const held = "a photo of vexla";
  const all = [held, held, held, held];

  test.each<[string, string, Record<string, unknown>, readonly string[]]>([
    ["TOKEN_EXISTS", "cat", plain, []],
    ["TOKEN_MISSING_IN_CAPTIONS", "vexla", plain, ["a ring on a table", held, ""]],
    ["TOKEN_IN_NO_CAPTION", "vexla", plain, ["a ring", "a Vexla", "a thing", "a mug"]],
    ["TOKEN_INSIDE_WORD", "vexla", plain, ["two vexlas", held, held]],
    ["DATASET_CAPTION_ALTERNATIVES", "vexla", plain, [`{red|blue} ${held}`, held, held]],
    ["LEARNING_RATE_SMALL", "vexla", { ...plain, learning_rate: 1e-7 }, all],
    ["LEARNING_RATE_LARGE", "vexla", { ...plain, learning_rate: 10 }, all],
    ["LEARNING_RATE_SMALL", "vexla", { recipe: "quick", init_word: "ring", device: "cpu", max_train_steps: 2 }, all],
    ["SETTINGS", "vexla", { recipe: "quick", init_word: "ring", device: "cpu", max_train_steps: 15 }, all],
    ["INIT_WORD", "vexla", { ...plain, init_word: "silver ring" }, all],
    ["INIT_WORD_UNKNOWN", "vexla", { recipe: "quick", init_word: "schnauzerdoodle", device: "cpu" }, all],
    ["HOLD_OUT", "vexla", { ...plain, hold_out: 5 }, all],
    ["SETTINGS", "vexla", { ...plain, hold_out: 1 }, all],
    ["SETTINGS_CONFLICT", "vexla", { ...plain, time: "30m" }, all],
    ["SETTINGS_CONFLICT", "vexla", { init_word: "ring", time: "30m", device: "cpu", resolution: 128 }, all],
    ["SETTINGS_CONFLICT", "vexla", { ...plain, step_angle: 0.1 }, all],
    ["SETTINGS_MISSING", "vexla", { init_word: "ring", device: "cpu" }, all],
    ["USAGE", "vexla", { ...plain, train_batch_size: "many" }, all],
    ["RESOLUTION", "vexla", { recipe: "quick", init_word: "ring", device: "cpu", resolution: "130" }, all],
    ["BUCKET_LIMITS", "vexla", { ...plain, resolution: 256, enable_bucket: true, bucket_reso_steps: 60 }, all],
    ["DATASET_CONFIG", "vexla", { ...plain, cache_latents: true, random_crop: true }, all],
    ["OPTIMIZER_UNKNOWN", "vexla", { ...plain, optimizer_type: "Adan" }, all],
    ["CAPTIONS_CUT", "vexla", plain, [`${held} ${"very ".repeat(80)}near`, held, held]],
    ["DATASET_PICTURE_TRANSPARENT", "vexla", plain, all],
    ["TOKEN_MISSING_BY_CHANCE", "vexla", { ...plain, token_warmup_step: 10 }, ["a, photo, of, vexla", held, held]],
    ["DATASET_CAPTION_SEPARATOR", "vexla", { ...plain, keep_tokens_separator: "|||" }, ["vexla ||| a, b", held, held]],
    [
      "DATASET_BUCKET_LIMIT_ROUNDED",
      "vexla",
      { ...plain, enable_bucket: true, resolution: 256, min_bucket_reso: 100 },
      all,
    ],
    ["OPTIMIZER_ARGS", "vexla", { ...plain, optimizer_args: ["nonsense=1"] }, all],
    ["LR_SCHEDULE_UNKNOWN", "vexla", { ...plain, lr_scheduler_type: "Nope" }, all],
    ["SETTINGS", "vexla", { ...plain, early_stop: true, max_train_steps: 36 }, all],
    ["OUTPUT_NAME", "vex:la", plain, ["a vex:la", "a vex:la", "a vex:la"]],
    ["DATASET_PICTURE_TWICE", "vexla", plain, all],
  ])("of %s mends it in one click", async (code, word, settings, texts) => {
    expect(await mended(code, word, settings, texts)).not.toContain(code);
  });
});

describe("what needs no model", () => {
  const words = async (query: string) => (await ask("GET", `/api/words?${query}`)).json();

  test("is told of a word alone: its ids, or why it cannot be one and which could", async () => {
    expect(await words("word=mycat&init=cat&vectors=2")).toEqual({
      ids: [49408, 49409],
      initIds: [2368],
      freeWord: "mycatx1",
    });
    expect(await words("word=cat")).toMatchObject({
      ids: [],
      problem: { code: "TOKEN_EXISTS", fix: { word: "catx1" } },
    });
  });
});

test("the settings that a draft can have are listed with help and default, twelve of them first", async () => {
  const { settings } = (await (await ask("GET", "/api/settings")).json()) as { settings: readonly ListedSetting[] };
  expect(settings.filter(({ isFirst }) => isFirst)).toHaveLength(12);
  expect(settings.slice(0, 12).every(({ isFirst }) => isFirst)).toBe(true);
  expect(settings.find(({ flag }) => flag === "recipe")).toMatchObject({
    group: "Recipes, evaluation and updates (not in sd-scripts)",
    kind: "choice",
    choices: expect.arrayContaining(["auto", "quick"]),
  });
  expect(settings.find(({ flag }) => flag === "max_train_steps")).toMatchObject({ kind: "integer", default: "1600" });
  const flags = settings.map(({ flag }) => flag);
  for (const strange of ["output_dir", "huggingface_token", "image_dir", "config_file"])
    expect(flags).not.toContain(strange);
});

test("prompts are drawn while training, and one without the word is said and mended", async () => {
  const { draft } = (await (await ask("GET", "/api/drafts/mended1")).json()) as { draft: Draft };
  const model = { id: (await listed()).find(({ name }) => name === "tiny-sd")!.id };
  const put = async (revision: number, prompts: readonly string[]) => {
    const settings = { recipe: "quick", init_word: "ring", device: "cpu", sample_every_n_steps: 10 };
    const body = { revision, word: "vexla", model, settings, prompts };
    expect((await ask("PUT", "/api/drafts/mended1", { body })).status).toBe(200);
    return (await (await ask("POST", "/api/drafts/mended1/check")).json()) as Check;
  };
  const { warnings } = await put(draft.revision, ["a ring\non a beach", "# no prompt"]);
  const fix = warnings.find(({ code }) => code === "SAMPLE_PROMPT")!.fix!;
  expect(fix.prompts![0]).toBe("a vexla\non a beach");
  expect(readFileSync(path.join(work, "drafts", "mended1", "prompts.txt"), "utf8")).toBe(
    "a ring on a beach --w 128 --h 128 --d 42\n",
  );
  expect((await put(draft.revision + 1, fix.prompts!)).warnings.map(({ code }) => code)).not.toContain("SAMPLE_PROMPT");
});

test("the command line of a draft trains the same", async () => {
  const { models } = (await (await ask("GET", "/api/models")).json()) as { models: readonly ListedModel[] };
  const tiny = models.find(({ name }) => name === "tiny-sd")!;
  await checked(
    "mended1",
    "my cat",
    { recipe: "quick", resolution: "128,64", flip_aug: true, init_word: "a cat" },
    { id: tiny.id },
  );
  const { command } = (await (await ask("GET", "/api/drafts/mended1/command")).json()) as { command: string };
  expect(command).toContain('coinage train --run "my cat" --token_string "my cat"');
  const [, ...argv] = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!).slice(1);
  const request = await readTrainRequest(["--run", ...argv.slice(1)]);
  expect(request).toMatchObject({
    kind: "train",
    settings: { run: "my cat", recipe: "quick", resolution: [128, 64], flipAug: true, initWord: "a cat" },
  });
});

test("nothing here was a mistake of the studio itself", () => {
  expect(bugs).toEqual([]);
});
