import { describe, expect, test } from "vitest";
import { parseLiteral, parsePythonArguments } from "./python-literal.ts";

describe("arguments as Python literals", () => {
  test.each([
    ["0.01", 0.01],
    ["-1e-5", -1e-5],
    ["True", true],
    ["None", null],
    ["'a,b'", "a,b"],
    ["0.9,0.99", [0.9, 0.99]],
    ["(0.9, 0.99)", [0.9, 0.99]],
    ["[10,30]", [10, 30]],
    ["(1)", 1],
    ["(1,)", [1]],
    ["()", []],
    ["1_000", 1000],
    ["((1, 2), 'x')", [[1, 2], "x"]],
  ])("%s is read as a Python literal", (text, value) => {
    expect(parseLiteral(text)).toEqual(value);
  });

  test.each(["", "abc", "1 2", "(1", "1)", "'a", "1,,2", "true", "--x", "__import__('os')"])(
    "%j is no literal",
    (text) => {
      expect(parseLiteral(text)).toBeUndefined();
    },
  );

  test.each(["betas", "a=b=c", "x=abc"])("the word %s is refused", (word) => {
    expect(() => parsePythonArguments([word])).toThrow(expect.objectContaining({ code: "OPTIMIZER_ARGS" }));
  });

  test.each([
    ["brackets", "[".repeat(100_000)],
    ["closed brackets", `${"(".repeat(101)}1${")".repeat(101)}`],
    ["signs", `${"-".repeat(100_000)}1`],
    ["an open text", `'${"a".repeat(5_000_000)}`],
    ["escapes", `"${"\\\\".repeat(2_000_000)}`],
    ["blanks", `1${" ".repeat(1_000_000)}!`],
  ])("that go on without end are mistakes too, told in a line: %s", (_, value) => {
    expect(() => parsePythonArguments([`betas=${value}`])).toThrow(
      expect.objectContaining({ code: "OPTIMIZER_ARGS", message: expect.stringMatching(/^.{0,120}$/) }),
    );
  });

  test("that are long are read", () => {
    expect(parseLiteral(`'${"a".repeat(5_000_000)}'`)).toHaveLength(5_000_000);
    expect(parseLiteral(`${"[".repeat(99)}1${"]".repeat(99)}`)).toHaveLength(1);
  });
});
