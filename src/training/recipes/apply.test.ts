import { cpSync, mkdirSync, readdirSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { concept, eventsOf, ofKind, settingsOf, trainingFolder } from "../../../test/training-run.ts";
import { tinySdFolder } from "../../assets/index.ts";
import { readEmbeddingFile } from "../../embedding/index.ts";
import { openModel } from "../setup/inputs.ts";
import type { FoundState, TrainingState } from "../state/index.ts";
import { withRecipe } from "./apply.ts";

const { work, write } = trainingFolder();

/** A beginner's command line: model, images directly in a folder, word and kind. */
const newcomer = (folder: string, ...more: string[]): string[] => [
  ...["--pretrained_model_name_or_path", tinySdFolder, "--train_data_dir", folder],
  ...["--token_string", "vexla", "--init_word", "ring", "--output_dir", path.join(work, path.basename(folder))],
  ...["--threads", "1", "--seed", "1", ...more],
];

/** A folder with the first of the concept's files, captions with another extension. */
function folderOf(name: string, isWanted: (file: string) => boolean): string {
  const folder = path.join(work, "images", name);
  mkdirSync(folder, { recursive: true });
  for (const file of readdirSync(concept).filter(isWanted)) cpSync(path.join(concept, file), path.join(folder, file));
  return folder;
}

const images = (file: string) => /^0[1-3]\.png$/.test(file);

async function recipeOf(device: "cpu" | "webgpu", flags: readonly string[], found?: FoundState) {
  const settings = await settingsOf(flags);
  return withRecipe(settings, await openModel(settings), device, found);
}

describe("the recipe of a run", () => {
  test("stands beneath what the user gave, in the size that the model's config tells", async () => {
    const flags = newcomer(folderOf("plain", images), "--recipe", "object", "--train_batch_size", "2");
    const { settings, recipe, warnings } = await recipeOf("cpu", flags);
    expect(settings).toMatchObject({ recipe: "object", resolution: [128, 128], trainBatchSize: 2 });
    expect(settings).toMatchObject({ useObjectTemplate: true, saveModelAs: "safetensors", cacheLatents: true });
    expect(recipe?.values.get("train_batch_size")).not.toBe(2);
    expect(warnings).toEqual([]);
  });

  test("is chosen by auto, for the device that the run has", async () => {
    const flags = newcomer(folderOf("plain", images), "--recipe", "auto");
    expect((await recipeOf("cpu", flags)).settings.recipe).toBe("quick");
    expect((await recipeOf("webgpu", flags)).settings.recipe).toBe("object");
  });

  test("leaves its angle out where a learning rate is given, and asks for one where the optimizer takes no angle", async () => {
    const given = (...flags: string[]) =>
      recipeOf("cpu", newcomer(folderOf("plain", images), "--recipe", "quick", ...flags));
    expect((await given("--learning_rate", "1e-3")).settings).toMatchObject({
      learningRate: 1e-3,
      stepAngle: undefined,
    });
    const prodigy = ["--optimizer_type", "Prodigy"];
    expect((await given(...prodigy, "--learning_rate", "1")).settings).toMatchObject({ optimizerType: "Prodigy" });
    await expect(given(...prodigy)).rejects.toMatchObject({
      code: "SETTINGS_CONFLICT",
      hint: expect.stringContaining("--learning_rate for Prodigy"),
    });
  });

  test("stands beneath a settings file, too", async () => {
    const file = write("recipe.toml", 'recipe = "quick"\nresolution = 64\ntime = ""\n');
    const { settings } = await recipeOf("cpu", newcomer(folderOf("plain", images), "--config_file", file));
    expect(settings).toMatchObject({ recipe: "quick", resolution: [64, 64], saveModelAs: "safetensors" });
  });

  test("uses captions that have the word, whatever usual extension their files have, and templates otherwise", async () => {
    const captioned = folderOf("captioned", (file) => /^0[1-3]\./.test(file));
    const using = async (...more: string[]) =>
      (await recipeOf("cpu", newcomer(captioned, "--recipe", "quick", ...more))).settings;
    expect(await using()).toMatchObject({ useObjectTemplate: false, captionExtension: ".txt" });
    expect(await using("--caption_extension", ".tags")).toMatchObject({
      useObjectTemplate: true,
      captionExtension: ".tags",
    });
    expect(await using("--token_string", "dugga")).toMatchObject({ useObjectTemplate: true });
    expect(await using("--use_style_template")).toMatchObject({ useObjectTemplate: false, useStyleTemplate: true });
  });

  test("is that of the state where a run goes on, on another device and with auto too", async () => {
    const flags = ["--max_train_steps", "123", "--train_batch_size", "3", "--resolution", "64,64"];
    const state = { recipe: { name: "quick", flags } } as Partial<TrainingState> as TrainingState;
    const folder = folderOf("plain", images);
    for (const asked of ["auto", "quick"]) {
      const { settings } = await recipeOf("webgpu", newcomer(folder, "--recipe", asked), { kind: "own", state });
      expect(settings).toMatchObject({ recipe: "quick", maxTrainSteps: 123, trainBatchSize: 3, resolution: [64, 64] });
    }
    await expect(recipeOf("cpu", newcomer(folder, "--recipe", "object"), { kind: "own", state })).rejects.toMatchObject(
      {
        code: "STATE_MISMATCH",
        message: "This state belongs to another run: --recipe was quick and is object.",
        hint: expect.stringContaining("Resume with --recipe quick."),
      },
    );
    const plain = { recipe: undefined } as Partial<TrainingState> as TrainingState;
    for (const asked of ["auto", "quick"])
      await expect(
        recipeOf("cpu", newcomer(folder, "--recipe", asked), { kind: "own", state: plain }),
      ).rejects.toMatchObject({ message: expect.stringContaining(`--recipe was not given and is ${asked}`) });
  });
});

describe("a run with a recipe", () => {
  test("says all of it before the first step, keeps it in the file and goes on from its state as if it had never stopped", async () => {
    const folder = folderOf("run", images);
    const flags = newcomer(folder, "--recipe", "auto", "--max_train_steps", "4", "--save_state_on_train_end");
    const straight = await eventsOf(await settingsOf(flags));
    const { recipe, template } = ofKind(straight, "start")[0]!.run;
    expect(recipe).toMatchObject({ name: "quick", reason: expect.stringContaining("3 images") });
    expect(recipe!.chosen.map((words) => words.join(" "))).toEqual(
      expect.arrayContaining(["--resolution 128,128", "--use_object_template", "--save_model_as safetensors"]),
    );
    expect(recipe!.overridden).toContainEqual({
      given: ["--max_train_steps", "4"],
      instead: ["--max_train_steps", expect.any(String)],
    });
    expect(template).toBe("object");
    const { metadata } = await readEmbeddingFile(ofKind(straight, "done")[0]!.file);
    expect(metadata).toMatchObject({
      coinage_recipe: "quick",
      coinage_recipe_settings: expect.stringMatching(/--max_train_steps 4 .*--resolution 128,128/),
    });

    const { state } = ofKind(straight, "done")[0]!;
    const longer = await eventsOf(await settingsOf([...flags, "--max_train_steps", "6", "--resume", state!]));
    expect(ofKind(longer, "step").map(({ step }) => step)).toEqual([5, 6]);
    expect(ofKind(longer, "start")[0]!.run.recipe?.name).toBe("quick");

    const resumed = async (...more: string[]) => eventsOf(await settingsOf([...flags, "--resume", state!, ...more]));
    await expect(resumed("--recipe", "style")).rejects.toMatchObject({
      code: "STATE_MISMATCH",
      message: expect.stringContaining("another run: --recipe was quick and is style."),
    });
    const without = flags.filter((_, i) => !["--recipe", "auto"].includes(flags[i]!));
    await expect(
      eventsOf(await settingsOf([...without, "--resolution", "128", "--resume", state!])),
    ).rejects.toMatchObject({
      code: "STATE_MISMATCH",
      message: expect.stringContaining("another run: --recipe was quick and is not given"),
    });
  });
});
