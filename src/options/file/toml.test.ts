import { describe, expect, test } from "vitest";
import { parseTrainArguments } from "../train/request.ts";
import { trainFileTable } from "../train/table.ts";
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
    expect(valuesOf('v2 = "False"\nsdpa = "true"')).toEqual({ v2: false, sdpa: true });
    expect(valuesOf('v2 = false\nsdpa = 1\nmax_token_length = 75\noptimizer_args = ["a=1", "b=2"]')).toEqual({
      v2: false,
      sdpa: true,
      max_token_length: 75,
      optimizer_args: ["a=1", "b=2"],
    });
    expect(valuesOf('max_token_length = "75"')).toEqual({ max_token_length: 75 });
  });

  test.each([
    ["75", "Leave it out: that is the default."],
    ["100", undefined],
  ])("lengths of captions: a command line that expects %s tokens is not told another number", (tokens, hint) => {
    expect(() => parseTrainArguments(["--max_token_length", tokens])).toThrow(expect.objectContaining({ hint }));
  });

  test("may hold dataset keys and metadata that are no flags", () => {
    const file = parseSettingsFile('caption_dropout_rate = 0.2\nmetadata_series = "cats"\n', "train.toml");
    expect(file.warnings).toEqual([]);
    const { settings } = parseTrainArguments([], file);
    expect(settings.captionDropoutRate).toBe(0.2);
    expect(settings.extraMetadata).toEqual({ series: "cats" });
    expect(() => parseTrainArguments(["--caption_dropout_rate", "0.2"])).toThrow(
      expect.objectContaining({ hint: "It works in a settings file (--config_file): caption_dropout_rate = ..." }),
    );
  });

  test("may hold unknown keys: each is kept, and reported with the nearest name", () => {
    const file = parseSettingsFile("v2 = true\nlearnin_rate = 1\n[a]\n[a.nested]\nseed = 3", "train.toml");
    const { settings, warnings } = parseTrainArguments([], file);
    expect(settings.otherSettings).toEqual({ learnin_rate: 1, nested: { seed: 3 } });
    expect(warnings.map(({ message }) => message)).toEqual([
      "Unknown setting learnin_rate (train.toml, line 2): ignored. Did you mean learning_rate?",
      "Unknown setting nested (train.toml, line 4): ignored.",
    ]);
  });

  test("may hold anything where it does not act, as argparse does not look at what comes from a file", () => {
    expect(
      valuesOf(
        'dynamo_backend = "no"\nzero_stage = 7\nddp_timeout = "soon"\nwandb_run_name = 5\nhuggingface_repo_id = ["a"]\nasync_upload = "later"',
      ),
    ).toEqual({
      dynamo_backend: "no",
      zero_stage: "7",
      ddp_timeout: "soon",
      wandb_run_name: "5",
      huggingface_repo_id: '["a"]',
      async_upload: "later",
    });
    expect(valuesOf('resume_from_huggingface = "False"')).toEqual({ resume_from_huggingface: false });
    const { warnings } = parseTrainArguments([], parseSettingsFile('dynamo_backend = "tensorrt"', "gui.toml"));
    expect(warnings).toEqual([
      { option: "dynamo_backend", message: expect.stringContaining("--dynamo_backend has no effect") },
    ]);
  });

  test("gives nothing by an empty text, whatever the setting is", () => {
    const names = [...Object.keys(trainFileTable), "metadata_series", "another"];
    const { values, extraMetadata, otherSettings, warnings } = parseSettingsFile(
      names.map((name) => `${name} = ""`).join("\n"),
      "gui.toml",
    );
    expect({ values: [...values], extraMetadata, otherSettings, warnings }).toEqual({
      values: [],
      extraMetadata: {},
      otherSettings: {},
      warnings: [],
    });
  });

  test("is plain data: names of what objects inherit are keys like others", () => {
    const { settings } = parseTrainArguments(
      [],
      parseSettingsFile(
        '["__proto__"]\n"__proto__" = {outputDir = "a"}\nconstructor = 1\n"metadata___proto__" = "b"\ntoString = {"__proto__" = {seed = 1}}',
        "train.toml",
      ),
    );
    expect(settings.outputDir).toBeUndefined();
    expect(settings.seed).toBeUndefined();
    for (const record of [settings, settings.otherSettings, settings.extraMetadata, settings.otherSettings.toString])
      expect(Object.getPrototypeOf(record)).toBe(Object.prototype);
    expect(Object.keys(settings.otherSettings)).toEqual(["__proto__", "constructor", "toString"]);
    expect(Object.entries(settings.extraMetadata)).toEqual([["__proto__", "b"]]);
  });

  test("names the first of many unknown keys and counts the others, in time", () => {
    const keys = Array.from({ length: 50_000 }, (_, i) => `key_${i} = 1`);
    const { warnings } = parseSettingsFile([...keys, `"${"k".repeat(1_000_000)}" = 1`].join("\n"), "train.toml");
    expect(warnings).toHaveLength(11);
    expect(warnings[9]!.message).toMatch(/^Unknown setting key_9 \(train\.toml, line 10\)/);
    expect(warnings[10]!.message).toBe("49991 more keys of train.toml are unknown and ignored too: key_10, ....");
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
    ["max_train_steps = 1.5", "max_train_steps expects a whole number, not 1.5.", 1],
    ["\nseed = true", "seed expects a whole number, not true.", 2],
    ["log_with = 'comet'", 'log_with expects one of tensorboard, wandb, all, not "comet".', 1],
    ["v2 = 'yes'", 'v2 expects true or false, not "yes".', 1],
    ["[a]\n\n  token_string = 5", "token_string expects text, not 5.", 3],
    ["save_model_as = 'pkl'", 'save_model_as expects one of ckpt, pt, safetensors, not "pkl".', 1],
    ["max_token_length = 76", "max_token_length expects one of 150, 225, not 76.", 1],
    ["resolution = [1,2,3]", "resolution expects a size in pixels such as 512 or 512,768, not [1,2,3].", 1],
    ["resolution = 512.5", "resolution expects a size in pixels such as 512 or 512,768, not 512.5.", 1],
    ["train_batch_size = 0", "train_batch_size expects a whole number, at least 1, not 0.", 1],
    ["optimizer_args = [1]", "optimizer_args expects text, not [1].", 1],
    [
      "lr_warmup_steps = -1",
      "lr_warmup_steps expects a number of steps (100) or a fraction of all steps (0.1 or 10%), not -1.",
      1,
    ],
  ])("%j is a mistake with a place", (text, message, line) => {
    expect(mistakeIn(text)).toMatchObject({
      code: "SETTINGS_FILE_INVALID",
      message,
      where: `train.toml, line ${line}`,
    });
  });

  test.each([
    ["keys", `${"a.".repeat(20_000)}a = 1`],
    ["a table's name", `[${"a.".repeat(20_000)}a]`],
    ["lists", `a = ${"[".repeat(5000)}${"]".repeat(5000)}`],
    ["tables", `a = ${"{a=".repeat(101)}1${"}".repeat(101)}`],
  ])("that is too deep in %s is a mistake", (_, text) => {
    expect(mistakeIn(text)).toMatchObject({
      code: "SETTINGS_FILE_INVALID",
      where: expect.stringContaining("train.toml"),
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
