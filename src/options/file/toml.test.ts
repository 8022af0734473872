import { describe, expect, test } from "vitest";
import { parseTrainArguments } from "../parse.ts";
import { parseSettingsFile, settingsToml } from "./toml.ts";

const valuesOf = (text: string): Record<string, unknown> =>
  Object.fromEntries(parseSettingsFile(text, "train.toml").values);
const mistakeIn = (text: string): unknown => {
  try {
    parseSettingsFile(text, "train.toml");
  } catch (error) {
    return error;
  }
  return undefined;
};

describe("a settings file", () => {
  test("has sections for the eye only; the later of two equal names wins", () => {
    expect(valuesOf('seed = 1\n[model]\nv2 = true\n[anything]\nseed = 2\ntoken_string = "mycat"\n')).toEqual({
      seed: 2,
      v2: true,
      token_string: "mycat",
    });
  });

  test("goes before the defaults and behind the command line, default values given there included", () => {
    const file = parseSettingsFile("seed = 1\nmax_train_steps = 5\nv2 = true", "train.toml");
    const { settings, places } = parseTrainArguments(["--max_train_steps", "1600"], file);
    expect([settings.seed, settings.maxTrainSteps, settings.v2, settings.trainBatchSize]).toEqual([1, 1600, true, 1]);
    expect(places.get("seed")).toBe("seed (train.toml, line 1)");
    expect(places.get("max_train_steps")).toBe("--max_train_steps");
  });

  test("may say sizes and ranges as texts, numbers or arrays, and numbers in quotes", () => {
    expect(valuesOf("resolution = 512")).toEqual({ resolution: [512, 512] });
    expect(valuesOf('resolution = "512,768"')).toEqual({ resolution: [512, 768] });
    expect(valuesOf("resolution = [512, 768]")).toEqual({ resolution: [512, 768] });
    expect(valuesOf("face_crop_aug_range = [1, 2.5]")).toEqual({ face_crop_aug_range: [1, 2.5] });
    expect(valuesOf('face_crop_aug_range = "1,2.5"')).toEqual({ face_crop_aug_range: [1, 2.5] });
    expect(valuesOf('learning_rate = "1e-4"\nseed = "3"')).toEqual({ learning_rate: 1e-4, seed: 3 });
  });

  test("tells steps from shares by the type of the number", () => {
    expect(valuesOf("lr_warmup_steps = 1\nlr_decay_steps = 1.0")).toEqual({
      lr_warmup_steps: { steps: 1 },
      lr_decay_steps: { ratio: 1 },
    });
    expect(valuesOf('lr_warmup_steps = 0.0\nlr_decay_steps = "10%"')).toEqual({
      lr_warmup_steps: { steps: 0 },
      lr_decay_steps: { ratio: 0.1 },
    });
  });

  test("may turn switches off, ask for 75 tokens, and give lists", () => {
    expect(valuesOf('v2 = false\nsdpa = 1\nmax_token_length = 75\noptimizer_args = ["a=1", "b=2"]')).toEqual({
      v2: false,
      sdpa: true,
      max_token_length: 75,
      optimizer_args: ["a=1", "b=2"],
    });
    expect(valuesOf('max_token_length = "75"')).toEqual({ max_token_length: 75 });
  });

  test("may hold dataset keys and metadata that are no flags", () => {
    const file = parseSettingsFile('caption_dropout_rate = 0.2\nmetadata_series = "cats"\n', "train.toml");
    expect(file.warnings).toEqual([]);
    const { settings } = parseTrainArguments([], file);
    expect(settings.captionDropoutRate).toBe(0.2);
    expect(settings.extraMetadata).toEqual({ series: "cats" });
    expect(() => parseTrainArguments(["--caption_dropout_rate", "0.2"])).toThrow("There is no option");
  });

  test("may hold unknown keys: each is kept, and reported with the nearest name", () => {
    const file = parseSettingsFile("v2 = true\nlearnin_rate = 1\n[a]\n[a.nested]\nseed = 3", "train.toml");
    const { settings, warnings } = parseTrainArguments([], file);
    expect(settings.otherSettings).toEqual({ learnin_rate: 1, nested: { seed: 3 } });
    expect(warnings.map(({ message }) => message)).toEqual([
      "learnin_rate (train.toml, line 2) is no setting: it is kept, but nothing acts on it. Did you mean learning_rate?",
      "nested (train.toml) is no setting: it is kept, but nothing acts on it.",
    ]);
  });

  test("warns of settings that do not act, as the command line does", () => {
    const file = parseSettingsFile("xformers = true\nsdpa = false\n", "train.toml");
    expect(parseTrainArguments([], file).warnings.map(({ option }) => option)).toEqual(["xformers"]);
    const refused = parseSettingsFile('dataset_class = "x"', "train.toml");
    expect(() => parseTrainArguments([], refused)).toThrow(
      expect.objectContaining({ code: "OPTION_UNSUPPORTED", where: "dataset_class (train.toml, line 1)" }),
    );
  });

  test.each([
    ["max_train_steps = 1.5", "max_train_steps wants a whole number, not 1.5.", 1],
    ["\nseed = true", "seed wants a whole number, not true.", 2],
    ["v2 = 'yes'", 'v2 wants true or false, not "yes".', 1],
    ["[a]\n\n  token_string = 5", "token_string wants a text, not 5.", 3],
    ["save_model_as = 'pkl'", 'save_model_as wants one of ckpt, pt, safetensors, not "pkl".', 1],
    ["max_token_length = 76", "max_token_length wants one of 150, 225, not 76.", 1],
    ["resolution = [1,2,3]", "resolution wants a size in pixels such as 512 or 512,768, not [1,2,3].", 1],
    ["resolution = 512.5", "resolution wants a size in pixels such as 512 or 512,768, not 512.5.", 1],
    ["train_batch_size = 0", "train_batch_size wants a whole number, at least 1, not 0.", 1],
    ["optimizer_args = [1]", "optimizer_args wants a text, not [1].", 1],
    [
      "lr_warmup_steps = -1",
      "lr_warmup_steps wants a number of steps (100) or a share of all steps (0.1 or 10%), not -1.",
      1,
    ],
  ])("%j is a mistake with a place", (text, message, line) => {
    expect(mistakeIn(text)).toMatchObject({
      code: "SETTINGS_FILE_INVALID",
      message,
      where: `train.toml, line ${line}`,
    });
  });

  test("that is no TOML says where it stops being it", () => {
    expect(mistakeIn("seed = 1\ntoken_string = mycat\n")).toMatchObject({
      code: "SETTINGS_FILE_INVALID",
      where: "train.toml, line 2, column 16",
    });
  });
});

test("settings are written flat, without defaults and without the Weights & Biases key", () => {
  const argv =
    "--config_file x --output_config --wandb_api_key k --huggingface_token t --seed 1 --v2 --learning_rate 1".split(
      " ",
    );
  const more = [
    "--resolution",
    "512",
    "--optimizer_args",
    "a=1",
    "b=2",
    "--lr_warmup_steps",
    "10%",
    "--lr_scheduler",
    "constant",
  ];
  const { settings } = parseTrainArguments([...argv, ...more]);
  expect(settingsToml(settings)).toBe(
    [
      "v2 = true",
      'resolution = "512,512"',
      "seed = 1",
      'optimizer_args = [ "a=1", "b=2" ]',
      "learning_rate = 1.0",
      "lr_warmup_steps = 0.1",
      'huggingface_token = "t"',
      "",
    ].join("\n"),
  );
});
