import { describe, expect, test } from "vitest";
import { parseArguments } from "./arguments.ts";
import { parseGenerateArguments } from "./generate/request.ts";
import { generateTable } from "./generate/table.ts";
import { parseTrainArguments } from "./train/request.ts";
import { trainTable } from "./train/table.ts";

const train = (...argv: string[]): Record<string, unknown> =>
  Object.fromEntries(parseArguments(trainTable, argv).given);
const generate = (...argv: string[]): Record<string, unknown> =>
  Object.fromEntries(parseArguments(generateTable, argv).given);

describe("flags", () => {
  test("take their value from the next word or behind an equals sign", () => {
    expect(train("--seed", "1", "--token_string=my=cat")).toEqual({ seed: 1, token_string: "my=cat" });
    expect(train("--init_word=")).toEqual({ init_word: "" });
  });

  test("may be shortened while one fits; an exact name is never a prefix of another", () => {
    expect(train("--max_train_s", "10")).toEqual({ max_train_steps: 10 });
    expect(train("--max_train_s=10")).toEqual({ max_train_steps: 10 });
    expect(train("--cache_latents")).toEqual({ cache_latents: true });
    expect(train("--v2")).toEqual({ v2: true });
    expect(() => train("--cache_l")).toThrow("--cache_l is ambiguous.");
    expect(() => train("--seed", "1", "--max_tr")).toThrow("--max_tr is ambiguous.");
  });

  test("given several times count the last time", () => {
    expect(train("--seed", "1", "--seed", "2")).toEqual({ seed: 2 });
    expect(train("--optimizer_args", "a=1", "b=2", "--optimizer_args", "c=3")).toEqual({ optimizer_args: ["c=3"] });
  });

  test("given several times are told where all of them were meant", () => {
    const told = (parse: typeof parseTrainArguments | typeof parseGenerateArguments, ...argv: string[]) =>
      parse(argv).warnings.map(({ option }) => option);
    const lists = ["--textual_inversion_embeddings", "a.pt", "--textual_inversion_embeddings"];
    expect(told(parseGenerateArguments, ...lists, "b.pt")).toEqual(["textual_inversion_embeddings"]);
    expect(told(parseGenerateArguments, ...lists, "a.pt")).toEqual([]);
    expect(told(parseGenerateArguments, "--prompt", "a", "--prompt", "b")).toEqual(["prompt"]);
    expect(told(parseTrainArguments, "--optimizer_args", "a=1", "--optimizer_args", "b=1")).toEqual(["optimizer_args"]);
    expect(told(parseTrainArguments, "--seed", "1", "--seed", "2")).toEqual([]);
  });

  test("that are switches take no value", () => {
    expect(() => train("--v2=1")).toThrow("--v2 takes no value");
    expect(() => train("--v2", "true")).toThrow('"true" does not belong to an option.');
  });

  test("with lists take all words up to the next flag, or none", () => {
    expect(train("--optimizer_args", "weight_decay=0.01", "betas=0.9,0.99", "--v2")).toEqual({
      optimizer_args: ["weight_decay=0.01", "betas=0.9,0.99"],
      v2: true,
    });
    expect(train("--optimizer_args", "--v2")).toEqual({ optimizer_args: [], v2: true });
    expect(train("--optimizer_args=a=1")).toEqual({ optimizer_args: ["a=1"] });
    expect(generate("--network_mul", "0.5", "-1")).toEqual({ network_mul: [0.5, -1] });
  });

  test("with a pair take two words", () => {
    expect(generate("--noise_offset_range", "-0.1", "0.1")).toEqual({ noise_offset_range: [-0.1, 0.1] });
    expect(() => generate("--noise_offset_range", "1")).toThrow("needs 2 values");
    expect(() => generate("--noise_offset_range", "1", "2", "3")).toThrow('"3" does not belong to an option.');
  });

  test("of the generator may be capital letters", () => {
    expect(generate("--W", "640", "--H=512")).toEqual({ W: 640, H: 512 });
  });
});

describe("words that begin with a dash", () => {
  test("are values when they are plain negative numbers or contain a blank", () => {
    expect(train("--noise_offset", "-0.1", "--clip_skip", "-1")).toEqual({ noise_offset: -0.1, clip_skip: -1 });
    expect(train("--noise_offset", "-.5")).toEqual({ noise_offset: -0.5 });
    expect(generate("--prompt", "-a --n b")).toEqual({ prompt: "-a --n b" });
  });

  test("in other spellings need an equals sign", () => {
    expect(() => train("--noise_offset", "-1e-3")).toThrow("--noise_offset needs a value");
    expect(train("--noise_offset=-1e-3")).toEqual({ noise_offset: -1e-3 });
    expect(() => train("--noise_offset", "-5.")).toThrow("--noise_offset needs a value");
    expect(train("--output_name=--x")).toEqual({ output_name: "--x" });
  });

  test("a single one is a value; two alone end the flags", () => {
    expect(train("--output_name", "-")).toEqual({ output_name: "-" });
    expect(() => train("--v2", "--", "--seed", "1")).toThrow('"--" does not belong to an option.');
  });
});

test("line ends of a pasted command line are no words of it, except as the only value of a flag", () => {
  expect(
    train(
      "\\",
      "--v2",
      "^",
      "--seed",
      "1",
      "`",
      "--optimizer_args",
      "a=1",
      "^",
      "b=2",
      "\\",
      "--seed",
      "\\",
      "3",
      "\r",
    ),
  ).toEqual({ v2: true, seed: 3, optimizer_args: ["a=1", "b=2"] });
  expect(train("--caption_separator", "^", "--v2")).toEqual({ caption_separator: "^", v2: true });
  expect(train("--caption_separator", "^")).toEqual({ caption_separator: "^" });
  expect(train("--caption_separator", "^", "|")).toEqual({ caption_separator: "|" });
  expect(train("--caption_separator=^", "^")).toEqual({ caption_separator: "^" });
});

describe("numbers", () => {
  test.each([
    ["seed", "+7", 7],
    ["seed", " 7 ", 7],
    ["seed", "1_000", 1000],
    ["seed", "007", 7],
    ["learning_rate", "1e-4", 1e-4],
    ["learning_rate", "5.", 5],
    ["learning_rate", ".5", 0.5],
    ["learning_rate", "1_0.5E+1_0", 10.5e10],
    ["max_grad_norm", "inf", Number.POSITIVE_INFINITY],
    ["max_grad_norm", "NaN", Number.NaN],
    ["resolution", "512", [512, 512]],
    ["resolution", "512, 768", [512, 768]],
    ["face_crop_aug_range", "1.5,2", [1.5, 2]],
    ["lr_warmup_steps", "100", { steps: 100 }],
    ["lr_warmup_steps", "0", { steps: 0 }],
    ["lr_warmup_steps", "0.1", { ratio: 0.1 }],
    ["lr_warmup_steps", "5%", { ratio: 0.05 }],
    ["lr_warmup_steps", "150%", { ratio: 1.5 }],
  ])("--%s=%s is read as Python reads it", (name, word, value) => {
    expect(train(`--${name}=${word}`)).toEqual({ [name]: value });
  });

  test.each([
    ["seed", "1e3"],
    ["seed", "1.0"],
    ["seed", "0x10"],
    ["seed", ""],
    ["seed", "1__0"],
    ["seed", "9007199254740993"],
    ["learning_rate", "1,5"],
    ["learning_rate", "1e"],
    ["learning_rate", "0x1"],
    ["lr_warmup_steps", "1.5"],
    ["lr_warmup_steps", "1e2"],
    ["lr_warmup_steps", "-1"],
    ["lr_warmup_steps", "x%"],
    ["resolution", "512,"],
    ["resolution", "512,512,512"],
    ["resolution", "512x512"],
    ["resolution", "0"],
    ["face_crop_aug_range", "2,1"],
    ["face_crop_aug_range", "1"],
    ["train_batch_size", "0"],
    ["save_every_n_epochs", "0"],
    ["max_token_length", "75"],
    ["save_model_as", "PT"],
  ])("--%s=%s is no value for it", (name, word) => {
    expect(() => train(`--${name}=${word}`)).toThrow(expect.objectContaining({ code: "USAGE", where: `--${name}` }));
  });
});

describe("help", () => {
  test("is asked for by -h, --help or what can only be that; the rest is not looked at", () => {
    for (const word of ["-h", "--help", "--he"])
      expect(parseTrainArguments(["--v2", word, "--seed"]).isHelpAsked).toBe(true);
    expect(parseTrainArguments(["--resume", "x", "--help"]).isHelpAsked).toBe(true);
    expect(() => parseTrainArguments(["--h"])).toThrow("is ambiguous");
  });

  test("does not hide a mistake before it", () => {
    expect(() => parseTrainArguments(["--seed", "x", "--help"])).toThrow('not "x"');
  });
});

describe("mistakes", () => {
  const hintOf = (...argv: string[]): string | undefined => {
    try {
      parseArguments(trainTable, argv);
    } catch (error) {
      return (error as { hint?: string }).hint;
    }
    return undefined;
  };

  test("bring the nearest name", () => {
    expect(hintOf("--learning_rat3", "1")).toBe("Did you mean --learning_rate?");
    expect(hintOf("--max-train-steps=5")).toBe("Did you mean --max_train_steps?");
    expect(hintOf("--mixed_precision", "fp15")).toBe("Did you mean fp16?");
    expect(hintOf("--quite_another_thing")).toBe("--help lists all options.");
    expect(() => generate("--negative_prompt", "blurry")).toThrow(
      expect.objectContaining({ hint: expect.stringContaining("a cat --n blurry") }),
    );
  });
});

test("explicit names are the flags of the command line, with default values too", () => {
  const { explicit, settings } = parseTrainArguments(["--max_train_s", "1600", "--v2"]);
  expect([...explicit]).toEqual(["max_train_steps", "v2"]);
  expect(settings.maxTrainSteps).toBe(1600);
  expect(settings.seed).toBeUndefined();
});
