import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sampleFileName } from "../files/names.ts";
import { readSamplePrompts, type SamplePromptOptions } from "./sample-prompts.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "coinage-preview-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const options: SamplePromptOptions = { family: "sd1", sampler: "euler_a", clipSkip: 2, tokens: ["mycat", "mycat1"] };

function read(name: string, text: string, more: Partial<SamplePromptOptions> = {}) {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return readSamplePrompts(file, { ...options, ...more });
}

test("a text file: one prompt a line with options", async () => {
  const { requests, warnings } = await read(
    "p.txt",
    "# note\n\nn mycat --n bad mycat --w 100 --h 30 --d 7 --s 5000 --l 3.5 --ss nope --g 2 --ctr x\ns 1 a --d x --l 1.2.3\n",
  );
  expect(requests).toHaveLength(2);
  expect(requests[0]).toMatchObject({
    ...{ compatibility: "preview", prompt: "n mycat mycat1", negativePrompt: "bad mycat mycat1" },
    ...{ width: 96, height: 64, seed: 7, steps: 1000, guidanceScale: 3.5, sampler: "ddim", clipSkip: 2 },
  });
  expect(requests[1]).toMatchObject({ prompt: "s 1 a", width: 512, steps: 30, sampler: "euler_a" });
  expect(requests[1]!.seed).toBeUndefined();
  expect(warnings).toEqual([
    "Sample prompt 2: --d x is ignored: it is not a number.",
    "Sample prompt 2: --l 1.2.3 is ignored: it is not a number.",
    "Sample prompt 1: 1000 steps are used, not 5000: models have no more.",
    'Sample prompt 1: there is no sampler "nope" for sample images; ddim is used.',
  ]);
});

test("a TOML file: common values and subsets, which win", async () => {
  const text =
    '[prompt]\nwidth = 256\nsample_steps = 10\n[[prompt.subset]]\nprompt = "a"\n[[prompt.subset]]\nprompt = "b"\nwidth = 128\nseed = 3\n';
  const { requests } = await read("p.toml", text);
  expect(requests.map(({ prompt, width, steps, seed }) => [prompt, width, steps, seed])).toEqual([
    ["a", 256, 10, undefined],
    ["b", 128, 10, 3],
  ]);
});

test("a JSON file: lines and objects", async () => {
  const text = '["a --w 64 --d -1", {"prompt": "b", "seed": -1, "scale": 1, "height": "tall", "steps": 1}]';
  const { requests, warnings } = await read("p.json", text);
  expect(requests[0]).toMatchObject({ prompt: "a", width: 64 });
  expect(requests[1]).toMatchObject({ prompt: "b", guidanceScale: 1, height: 512 });
  expect(requests.map(({ seed }) => seed)).toEqual([undefined, undefined]);
  expect(warnings).toEqual([
    'Sample prompt 2: height is ignored: "tall" is not a number.',
    "Sample prompt 2: steps is ignored: sample prompts have no such key. Did you mean sample_steps?",
  ]);
});

test("what no sample prompt has is reported, however deep it is", async () => {
  const deep = `[{"prompt": ${"[".repeat(50_000)}${"]".repeat(50_000)}}, "a --ar 16:9 --guidance_scale 2 --g 1"]`;
  expect((await read("p.json", deep)).warnings).toEqual([
    "Sample prompt 1: prompt is ignored: a list is not text.",
    "Sample prompt 1: it has no prompt.",
    "Sample prompt 2: --ar 16:9 is ignored: sample prompts have no such option.",
    "Sample prompt 2: --guidance_scale 2 is ignored: sample prompts have no such option.",
  ]);
});

test("SDXL prompts are as long as captions", async () => {
  // one after another: they share a file
  const lengths: (number | undefined)[] = [];
  for (const maxTokenLength of [undefined, null, 225]) {
    const { requests } = await read("p.txt", "a", { family: "sdxl", maxTokenLength });
    lengths.push(requests[0]!.maxEmbeddingsMultiples);
  }
  expect(lengths).toEqual([1, 1, 3]);
});

test.each([
  ["p.yaml", "a", "PROMPT_INVALID"],
  ["p.json", "{", "PROMPT_INVALID"],
  ["p.json", '{"prompt": "a"}', "PROMPT_INVALID"],
  ["p.json", "[1]", "PROMPT_INVALID"],
  ["p.json", "[]", "PROMPT_MISSING"],
  ["p.toml", "prompt = 1", "PROMPT_INVALID"],
  ["p.txt", "# nothing", "PROMPT_MISSING"],
])("%s with %s is refused", async (name, text, code) => {
  await expect(read(name, text)).rejects.toMatchObject({ code, where: expect.stringContaining("--sample_prompts") });
});

test("file names", () => {
  const common = { name: "last", index: 1, time: new Date(2024, 0, 2, 3, 4, 5) };
  expect(sampleFileName({ ...common, at: { epoch: 3 }, seed: 42 })).toBe("last_e000003_01_20240102030405_42.png");
  expect(sampleFileName({ ...common, at: { step: 100 }, seed: undefined })).toBe("last_000100_01_20240102030405.png");
});
