import { describe, expect, test } from "vitest";
import { samplingOf, seedSource } from "../../pipeline/request.ts";
import { promptWords } from "../../tokenizer/index.ts";
import { expandChoices } from "./dynamic.ts";
import { type PlanSettings, planImages } from "./plan.ts";

function settings(more: Partial<PlanSettings> = {}): PlanSettings {
  return {
    sampling: samplingOf({ prompt: "", width: 64, height: 64, negativeScale: 2 }, "sd1"),
    ...{ seed: 1, imagesPerPrompt: 1, iterations: 1, batchSize: 1 },
    ...{ shufflesPrompts: false, iterSameSeed: false, initImages: [], masks: [] },
    ...more,
  };
}

const written = (...lines: readonly string[]) => lines.map((text, i) => ({ text, place: `line ${i + 1}` }));

function pictures(lines: readonly string[], more?: Partial<PlanSettings>) {
  return planImages(written(...lines), settings(more)).batches.flatMap((batch) => batch.images);
}

const seedsOf = (lines: readonly string[], more?: Partial<PlanSettings>) =>
  pictures(lines, more).map(({ image }) => image.seed);

describe("seeds", () => {
  test("one picture takes the seed itself, several draw theirs", () => {
    expect(seedsOf(["a"])).toEqual([1]);
    const several = seedsOf(["a"], { iterations: 2 });
    expect(several).toEqual(seedsOf(["a"], { imagesPerPrompt: 2 }));
    expect(several).not.toContain(1);
  });

  test("without a seed every run is another", () => {
    expect(seedsOf(["a"], { seed: undefined })).not.toEqual(seedsOf(["a"], { seed: undefined }));
  });

  test("those of a line come first; its last one is used again", () => {
    expect(seedsOf(["a --d 7,8"], { imagesPerPrompt: 3 })).toEqual([7, 8, 8]);
    expect(seedsOf(["a --d 7", "b"], { iterSameSeed: true, iterations: 2 })).toEqual([
      7,
      expect.any(Number),
      7,
      expect.any(Number),
    ]);
  });
});

test("the order of shuffled prompts follows from the seed", () => {
  const lines = ["a", "b", "c", "d", "e"];
  const order = (seed: number) =>
    pictures(lines, { shufflesPrompts: true, seed, iterations: 2 }).map((picture) => picture.image.prompt);
  expect(order(3)).toEqual(order(3));
  expect(order(3)).not.toEqual([...lines, ...lines]);
  expect(order(3).slice(0, 5).sort()).toEqual(lines);
});

test("options reset for every line", () => {
  const [first, second] = pictures(["a --w 96 --nl none --ow 5", "b"]);
  expect(first!.sampling).toMatchObject({ width: 96, negativeScale: undefined, sizeConditions: { originalWidth: 5 } });
  expect(second!.sampling).toMatchObject({ width: 64, negativeScale: 2, sizeConditions: {} });
});

test.each([{ imagesPerPrompt: 1e12 }, { iterations: 1e12 }, { iterations: 10_000, imagesPerPrompt: 1000 }])(
  "more pictures than can be planned are refused: %o",
  (more) => {
    expect(() => pictures(["a"], more)).toThrow(expect.objectContaining({ code: "SETTINGS_CONFLICT" }));
  },
);

test("a run may have hundreds of thousands of pictures", () => {
  expect(pictures(["a"], { iterations: 2, imagesPerPrompt: 150_000 })).toHaveLength(300_000);
});

test("neighbours of the same sampling form batches, which end with their iteration", () => {
  const { batches } = planImages(
    written("a", "b --n x", "c --w 96", "d"),
    settings({ batchSize: 3, iterations: 2, imagesPerPrompt: 2 }),
  );
  expect(batches.map((batch) => [batch.firstNumber, batch.images.map(({ image }) => image.prompt).join("")])).toEqual(
    [0, 1].flatMap(() => [
      [0, "aab"],
      [3, "b"],
      [4, "cc"],
      [6, "dd"],
    ]),
  );
});

test("a file name goes to the first picture of a line, or of each of its choices", () => {
  expect(pictures(["a --f x.png"], { imagesPerPrompt: 2 }).map(({ fileName }) => fileName)).toEqual([
    "x.png",
    undefined,
  ]);
  expect(pictures(["{e$$a|b} --f x.png"]).map(({ fileName }) => fileName)).toEqual(["x.png", "x.png"]);
});

describe("what is ignored behind a prompt is reported, once for all lines", () => {
  const warnings = (...lines: readonly string[]) => planImages(written(...lines), settings()).warnings;

  test.each([
    ["a --steps 20", /line 1: "--steps 20" is ignored: .*Did you mean --s\?/],
    ["a --ar 16:9", /"--ar 16:9" is ignored: " --" begins an option/],
    ["a -- b", /"-- b" is ignored/],
    ["a --w wide", /--w wide is ignored: its value is not a number/],
    ["a --l 1.2.3", /--l 1\.2\.3 is ignored: it is not a number/],
    ["a --s 20, blue", /", blue" behind --s 20 is ignored/],
  ])("%s", (line, message) => {
    expect(warnings(line)).toEqual([expect.stringMatching(message)]);
  });

  test("many lines", () => {
    expect(warnings("a --ar 1", "b --ar 1", "c --ar 1")).toEqual([
      expect.stringMatching(/^line 1 and 2 more: "--ar 1"/),
    ]);
  });

  test("but not what acts, nor a seed of -1, which is none", () => {
    const line = "a --n b, c --w 64 --h 64 --s 20 --l 7.5 --nl none --t 0.5 --d -1 --ow 1 --c d --f x.png";
    expect(warnings(line, "a --d -1", "a --d -1 --s 20")).toEqual([]);
    expect(seedsOf(["a --d -1"])).toEqual(seedsOf(["a"]));
  });
});

test.each(["../x.png", "/x.png", "a/b.png", ".hidden.png", "x.jpg", "c:x.png"])(
  "the file name %s is refused",
  (name) => {
    expect(() => pictures([`a --f ${name}`])).toThrow(
      expect.objectContaining({ code: "PROMPT_INVALID", where: "line 1" }),
    );
  },
);

test("init images and masks are used in turn, at their own size", () => {
  const file = (path: string, width: number) => ({ path, size: [width, 70] as const });
  const initImages = [file("a.png", 100), file("b.png", 64)];
  const planned = pictures(["a --w 512", "b", "c"], { initImages, masks: [file("m.png", 64)] });
  expect(
    planned.map(({ initImage, mask, sampling }) => [initImage!.path, mask!.path, sampling.width, sampling.height]),
  ).toEqual([
    ["a.png", "m.png", 96, 64],
    ["b.png", "m.png", 64, 64],
    ["a.png", "m.png", 96, 64],
  ]);
});

describe("choices", () => {
  const expand = (line: string, count = 1) => expandChoices(line, count, () => 5).lines;

  test.each(["{5$$a|b}", "{3-9$$a|b}"])("%s takes no more than there is", (template) => {
    for (const line of expand(template, 4)) expect(["a, b", "b, a"]).toContain(line);
  });

  test.each(["{-1$$a|b}", "{2-$$a|b}", "{1-2-3$$a|b}"])("a count that is none is 1: %s", (template) => {
    for (const line of expand(template, 4)) expect(["a", "b"]).toContain(line);
  });

  test("a line without choices keeps its seeds for the pictures", () => {
    expect(expandChoices("a \\{b\\}", 2, () => 5)).toEqual({ lines: ["a {b}"], seeds: undefined });
  });

  test("replacement signs in a choice are plain text", () => {
    expect(expand("{e$$a $& b|$1}")).toEqual(["a $& b", "$1"]);
  });

  // numbers recorded from sd-scripts' gen_img.py
  test.each([
    ["{e$$red|blue|green} {cat|dog|bird}", 1, 3, ["red cat", "blue dog", "green cat"]],
    ["{e$$a|b} {2$$c|d|e} {f|g}", 2, 4, ["a d, e g", "b c, d f", "a d, e g", "b d, e f"]],
    ["{a|b|c} {d|{e|f|g}} {h|i}", 3, 5, ["c f i", "a e h", "b d h"]],
  ])(
    "%s: what is not enumerated is chosen anew for each picture, the deepest first",
    (template, count, seed, lines) => {
      expect(expandChoices(template, count, seedSource(seed, 9)).lines).toEqual(lines);
    },
  );

  test("braces of a name are no choices", () => {
    const words = promptWords(["cat{v|w}"], () => false);
    const line = "{e$$a cat{v|w}|b} \\{c\\}";
    expect(expandChoices(line, 1, () => 5, { words }).lines).toEqual(["a cat{v|w} {c}", "b {c}"]);
  });

  test("a brace that closes nothing is text", () => {
    expect(expand("a} {e$$b|c}")).toEqual(["a} b", "a} c"]);
  });

  const numbers = (count: number) => Array.from({ length: count }, (_, i) => i).join("|");
  test.each([
    ["of several groups", `{e$$${numbers(400)}}`.repeat(2)],
    ["of a range", `{e$$1-30$$${numbers(30)}}`],
    ["of large choices", `{e$$250$$${numbers(500)}}`],
    ["of many long choices", `{e$$9999$$${numbers(10_000)}}`],
    ["deep inside one another", `${"{".repeat(8000)}a|b${"}".repeat(8000)}`],
  ])("more combinations than anyone can want are refused at once: %s", (_, line) => {
    expect(() => expand(line)).toThrow(expect.objectContaining({ code: "PROMPT_INVALID" }));
  });

  test("so is a long line with many choices for many pictures", () => {
    const line = `{a|b} ${"very ".repeat(20_000)}`;
    expect(() => pictures([line], { imagesPerPrompt: 100_000 })).toThrow(
      expect.objectContaining({ code: "PROMPT_INVALID", where: "line 1" }),
    );
  });
});
