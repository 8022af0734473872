import { expect, test } from "vitest";
import { samplingOf } from "../../pipeline/index.ts";
import type { PlannedImage } from "../prompts/plan.ts";
import { pythonFloat } from "./image-texts.ts";
import { FreeNames, imageFileName } from "./names.ts";

test.each([
  [5, "5.0"],
  [7.5, "7.5"],
  [0, "0.0"],
  [-2, "-2.0"],
  [0.1, "0.1"],
  [1e-5, "1e-05"],
  [0.0001, "0.0001"],
  [1.5e-7, "1.5e-07"],
  [1e16, "1e+16"],
  [123456789012345, "123456789012345.0"],
  [1e100, "1e+100"],
])("%d is printed as Python does", (value, text) => {
  expect(pythonFloat(value)).toBe(text);
});

test("no name is given twice, whatever the file system thinks of capitals", () => {
  const names = new FreeNames();
  expect(["a.png", "A.png", "a.png", "a_2.png", "b.webp"].map((name) => names.take(name))).toEqual([
    "a.png",
    "A_2.png",
    "a_3.png",
    "a_2_2.png",
    "b.webp",
  ]);
});

test.each<[string | undefined, string | undefined, "first" | "final", string]>([
  ["a.png", "x/y.jpg", "final", "a.png"],
  ["a", undefined, "final", "a.png"],
  ["a.WEBP", undefined, "first", "a_first.WEBP"],
  [undefined, "x/y.1.jpg", "final", "y.1.png"],
  [undefined, "x/y.jpg", "first", "y_first.png"],
])("a name that was given: %s, of an init image: %s, %s pass: %s", (fileName, init, pass, expected) => {
  const planned: PlannedImage = {
    image: { prompt: "", negativePrompt: "", seed: 1 },
    sampling: samplingOf({ prompt: "" }, "sd1"),
    initImage: init === undefined ? undefined : { path: init, size: [64, 64] },
    mask: undefined,
    ...{ rawPrompt: "", clipPrompt: undefined, fileName, place: "" },
  };
  const place = { indexInBatch: 0, firstNumber: 0, pass, time: new Date() };
  const settings = { sequentialFileName: true, useOriginalFileName: true };
  expect(imageFileName(planned, place, settings)).toBe(expected);
});
