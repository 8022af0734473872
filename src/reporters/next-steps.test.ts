import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { quotedWord } from "../files/index.ts";

const words = [
  "plain",
  "",
  "my cat",
  "it's",
  'q"uote',
  "$HOME",
  "`id`",
  "a\\b",
  "a\\",
  "#1",
  "~",
  "=x",
  "*",
  "a\nb",
  "; ls",
  "猫",
  "v! x",
];

test.skipIf(process.platform === "win32")("a shell takes quoted words for what they are", () => {
  const typed = words.map((word) => quotedWord(word)).join(" ");
  const taken = execFileSync("sh", ["-c", `printf '%s\\0' ${typed}`], { encoding: "utf8" });
  expect(taken.split("\0").slice(0, -1)).toEqual(words);
  // an interactive shell looks for exclamation marks inside double quotes
  expect(quotedWord("v! x", "linux")).toBe("'v! x'");
});

test("on Windows backslashes are doubled before quotes only", () => {
  expect(["C:\\my dir\\x.pt", "C:\\my dir\\", 'say "x"', "C:\\x.pt"].map((word) => quotedWord(word, "win32"))).toEqual([
    '"C:\\my dir\\x.pt"',
    '"C:\\my dir\\\\"',
    '"say \\"x\\""',
    "C:\\x.pt",
  ]);
});
