import { describe, expect, test } from "vitest";
import { flagValues, flagWords, parseTrainArguments, readTrainRecord, withDefaults } from "../../options/index.ts";
import {
  type Circumstances,
  chooseRecipe,
  type DeviceClass,
  expandRecipe,
  type RecipeName,
  recipes,
} from "./recipes.ts";

const names = Object.keys(recipes) as RecipeName[];

const six: Omit<Circumstances, "family" | "device"> = {
  predictionType: "epsilon",
  nativeSide: undefined,
  images: 6,
  captioned: 0,
  captionExtension: undefined,
  areTurned: false,
  areTransparent: false,
  hasPlainFolder: true,
};

const wordsOf = (values: ReturnType<typeof expandRecipe>): string[] =>
  [...values].flatMap(([flag, value]) => flagWords(flag, value));

/** The flags of a recipe for six images in a plain folder, without captions. */
const expanded = (
  name: RecipeName,
  family: Circumstances["family"],
  device: DeviceClass,
  nativeSide?: number,
): string[] =>
  [...expandRecipe(name, { ...six, family, device, nativeSide })].map(([flag, value]) =>
    flagWords(flag, value).join(" "),
  );

describe("a recipe for six images", () => {
  test("is these settings, and these others for each family and kind of device", () => {
    const lines = names.flatMap((name) => {
      const usual = expanded(name, "sd1", "gpu");
      const others = (["sd1", "sd2", "sdxl", "small"] as const).flatMap((model) =>
        (["cpu", "gpu"] as const).flatMap((device) => {
          const words = model === "small" ? expanded(name, "sd1", device, 128) : expanded(name, model, device);
          const different = words.filter((flag) => !usual.includes(flag));
          return different.length === 0 ? [] : [`  ${model} ${device}: ${different.join(" ")}`];
        }),
      );
      return [name, ...usual.map((words) => `  ${words}`), ...others];
    });
    expect(lines.join("\n")).toMatchInlineSnapshot(`
      "quick
        --norm_control fixed
        --norm_target 1.9x
        --lr_scheduler cosine
        --timestep_sampling stratified
        --num_vectors_per_token 2
        --train_batch_size 4
        --max_train_steps 200
        --min_timestep 600
        --eval_every_n_steps 20
        --save_model_as safetensors
        --cache_latents
        --keep best
        --step_angle 0.058
        --resolution 512,512
        --dataset_repeats 8
        --use_object_template
        sd1 cpu: --resolution 384,384
        sd2 cpu: --resolution 384,384
        sdxl cpu: --resolution 576,576
        sdxl gpu: --resolution 768,768
        small cpu: --num_vectors_per_token 1 --max_train_steps 75 --min_timestep 800 --step_angle 0.15 --resolution 128,128
        small gpu: --num_vectors_per_token 1 --max_train_steps 75 --min_timestep 800 --step_angle 0.15 --resolution 128,128
      object
        --norm_control fixed
        --norm_target 1.9x
        --lr_scheduler cosine
        --timestep_sampling stratified
        --num_vectors_per_token 2
        --train_batch_size 4
        --max_train_steps 500
        --min_timestep 400
        --eval_every_n_steps 25
        --save_model_as safetensors
        --cache_latents
        --keep best
        --step_angle 0.023
        --resolution 512,512
        --dataset_repeats 8
        --use_object_template
        sdxl cpu: --max_train_steps 400 --step_angle 0.029 --resolution 768,768
        sdxl gpu: --max_train_steps 400 --step_angle 0.029 --resolution 768,768
        small cpu: --max_train_steps 300 --min_timestep 800 --step_angle 0.038 --resolution 128,128
        small gpu: --max_train_steps 300 --min_timestep 800 --step_angle 0.038 --resolution 128,128
      style
        --norm_control fixed
        --norm_target 1.9x
        --lr_scheduler cosine
        --timestep_sampling stratified
        --num_vectors_per_token 2
        --train_batch_size 8
        --max_train_steps 600
        --eval_every_n_steps 20
        --save_model_as safetensors
        --cache_latents
        --keep best
        --step_angle 0.02
        --resolution 512,512
        --dataset_repeats 16
        --use_style_template
        sd1 cpu: --train_batch_size 4 --dataset_repeats 8
        sd2 cpu: --train_batch_size 4 --dataset_repeats 8
        sdxl cpu: --train_batch_size 4 --resolution 768,768 --dataset_repeats 8
        sdxl gpu: --resolution 768,768
        small cpu: --train_batch_size 4 --max_train_steps 300 --step_angle 0.04 --resolution 128,128 --dataset_repeats 8
        small gpu: --max_train_steps 300 --step_angle 0.04 --resolution 128,128
      likeness
        --update direction
        --init output
        --norm_target 1.9x
        --prior_pull 0
        --lr_scheduler cosine
        --timestep_sampling stratified
        --num_vectors_per_token 2
        --train_batch_size 8
        --max_train_steps 320
        --eval_every_n_steps 20
        --save_model_as safetensors
        --cache_latents
        --keep best
        --step_angle 0.036
        --resolution 512,512
        --dataset_repeats 16
        --use_object_template
        sd1 cpu: --train_batch_size 4 --dataset_repeats 8
        sd2 cpu: --train_batch_size 4 --dataset_repeats 8
        sdxl cpu: --train_batch_size 4 --resolution 768,768 --dataset_repeats 8
        sdxl gpu: --resolution 768,768
        small cpu: --train_batch_size 4 --resolution 128,128 --dataset_repeats 8
        small gpu: --resolution 128,128
      classic
        --optimizer_type AdamW
        --optimizer_args weight_decay=0
        --learning_rate 0.0005
        --lr_scheduler linear
        --norm_control decay
        --num_vectors_per_token 1
        --train_batch_size 1
        --gradient_accumulation_steps 4
        --max_train_steps 1000
        --eval_every_n_steps 50
        --save_model_as safetensors
        --cache_latents
        --keep best
        --resolution 512,512
        --dataset_repeats 8
        --use_object_template
        sdxl cpu: --resolution 768,768
        sdxl gpu: --resolution 768,768
        small cpu: --resolution 128,128
        small gpu: --resolution 128,128"
    `);
  });

  test.each(names)("%s: its settings contradict nothing, and pasted as flags they are what they were", async (name) => {
    const needed = {
      pretrainedModelNameOrPath: "m",
      tokenString: "mycat",
      initWord: "cat",
      trainDataDir: "p",
      recipe: name,
    };
    const { settings } = await readTrainRecord(needed);
    const values = expandRecipe(name, { ...six, family: "sd1", device: "gpu" });
    const { settings: complete, warnings } = withDefaults(settings, values);
    expect(warnings).toEqual([]);
    expect(flagValues(wordsOf(values))).toEqual(values);
    const pasted = parseTrainArguments(wordsOf(values)).settings;
    for (const key of ["maxTrainSteps", "stepAngle", "learningRate", "resolution", "normControl", "keep"] as const)
      expect(complete[key], key).toEqual(pasted[key]);
  });
});

describe("a recipe follows", () => {
  const of = (more: Partial<Circumstances>, name: RecipeName = "object", ...given: string[]) =>
    expandRecipe(name, { ...six, family: "sd1", device: "gpu", ...more }, { flags: new Set(given) });

  test("the size the model was made for: its config, else its family and what it predicts", () => {
    const sideOf = (more: Partial<Circumstances>, name?: RecipeName) => of(more, name).get("resolution");
    expect(sideOf({ family: "sd2" })).toEqual([512, 512]);
    expect(sideOf({ family: "sd2", predictionType: "v_prediction" })).toEqual([768, 768]);
    expect(sideOf({ nativeSide: 128 })).toEqual([128, 128]);
    expect(sideOf({ nativeSide: 128, device: "cpu" }, "quick")).toEqual([128, 128]);
    expect(sideOf({ nativeSide: 768, device: "cpu" }, "quick")).toEqual([576, 576]);
  });

  test("the captions: those with the word are used, templates where there are none", () => {
    expect(of({}).get("use_object_template")).toBe(true);
    expect(of({}, "style").get("use_style_template")).toBe(true);
    const captioned = of({ captioned: 3, captionExtension: ".txt" });
    expect(captioned.has("use_object_template")).toBe(false);
    expect(captioned.get("caption_extension")).toBe(".txt");
  });

  test("images as phones and editors write them: rotated by EXIF, transparent", () => {
    const values = of({ areTurned: true, areTransparent: true });
    expect([values.get("exif_transpose"), values.get("alpha_background")]).toEqual([true, "white"]);
    expect(of({ areTransparent: true }, "object", "alpha_mask").has("alpha_background")).toBe(false);
  });

  test("the number of images: repeats fill all batches, and many images get more steps", () => {
    for (const images of [1, 3, 5, 6, 7, 40, 41]) {
      const repeats = Number(of({ images }).get("dataset_repeats") ?? 1);
      expect((images * repeats) % 4, `${images} images`).toBe(0);
      expect((images * repeats) / 4).toBeGreaterThanOrEqual(10);
    }
    expect(of({ hasPlainFolder: false }).has("dataset_repeats")).toBe(false);
    const stepsOf = (images: number) => of({ images }, "quick").get("max_train_steps");
    const usual = stepsOf(6) as number;
    expect(stepsOf(usual)).toBe(2 * usual);
    expect(stepsOf(10 * usual)).toBe(2 * usual);
  });

  test("the length of the run: fewer steps turn further each, up to a limit", () => {
    const angleOf = (steps: number, name: RecipeName = "quick") =>
      expandRecipe(name, { ...six, family: "sd1", device: "cpu" }, { flags: new Set(), steps }).get("step_angle");
    const [long, short] = [angleOf(100), angleOf(50)] as [number, number];
    expect(short / long).toBeGreaterThan(1.8);
    expect(short / long).toBeLessThan(2.2);
    expect(angleOf(1)).toBe(angleOf(10));
    expect(angleOf(100, "classic")).toBeUndefined();
  });

  test("the user, also where another flag says otherwise what a setting says", () => {
    const has = (flag: string, given: string) => of({}, "object", given).has(flag as never);
    expect(has("step_angle", "learning_rate")).toBe(false);
    expect(has("max_train_steps", "max_train_epochs")).toBe(false);
    expect(has("use_object_template", "use_style_template")).toBe(false);
    expect(has("cache_latents", "random_crop")).toBe(false);
  });
});

test("auto chooses by device and kind, and says how to ask for what it cannot know", () => {
  const chosen = (device: DeviceClass, initWord?: string, useStyleTemplate = false) =>
    chooseRecipe({ device, images: 6 }, { initWord, useStyleTemplate });
  expect(chosen("cpu", "cat")).toEqual({ name: "quick", reason: expect.stringMatching(/6 images.*--recipe likeness/) });
  expect(chosen("gpu", "cat").name).toBe("object");
  expect(chosen("cpu", "watercolor painting")).toEqual({
    name: "style",
    reason: expect.stringContaining("for a thing use --recipe object"),
  });
  expect(chosen("gpu", undefined, true).name).toBe("style");
});
