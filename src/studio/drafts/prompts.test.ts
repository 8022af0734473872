import { expect, test } from "vitest";
import { promptLines, typedPrompt } from "./prompts.ts";

const size = [128, 96] as const;

test.each([
  ["a photo of mycat", undefined, "a photo of mycat --d 42\n"],
  ["a photo of mycat", size, "a photo of mycat --w 128 --h 96 --d 42\n"],
  ["mycat --w 64", size, "mycat --w 64 --d 42\n"],
  ["mycat --d 7 --s 4", size, "mycat --d 7 --s 4 --w 128 --h 96\n"],
  [" two\nlines ", size, "two lines --w 128 --h 96 --d 42\n"],
  ["# no prompt", size, ""],
])("the prompt %j is drawn alike at every step, in the size that is trained", (prompt, trainedSize, line) => {
  expect(promptLines({ prompts: [prompt], trainedSize })).toBe(line);
});

test("what was added to a prompt is taken off again, and nothing else", () => {
  for (const prompt of ["mycat", "mycat --d 7", "mycat --w 64 --s 2", "mycat --w 64 --h 64 --d 42 --s 2"]) {
    const line = promptLines({ prompts: [prompt], trainedSize: size });
    expect(promptLines({ prompts: [typedPrompt(line)], trainedSize: size })).toBe(line);
  }
  expect(typedPrompt("mycat --w 128 --h 96 --d 42\n")).toBe("mycat");
});
