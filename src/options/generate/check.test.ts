import { describe, expect, test } from "vitest";
import { parseGenerateArguments } from "../parse.ts";
import { checkGenerateSettings } from "./check.ts";

const check = (line: string): ReturnType<typeof checkGenerateSettings> =>
  checkGenerateSettings(parseGenerateArguments(line.split(" ")));

describe("drawing", () => {
  test("needs a model and something to draw, asked for at once", () => {
    expect(() => check("--seed 1")).toThrow(
      expect.objectContaining({ code: "SETTINGS_MISSING", where: expect.stringMatching(/--ckpt .*\n.*--from_file/) }),
    );
    expect(check("--ckpt m --prompt cat").settings).toMatchObject({
      ckpt: "m",
      prompt: "cat",
      steps: 50,
      sampler: "ddim",
      scale: 7.5,
    });
    expect(check("--ckpt m --from_file f").warnings).toEqual([]);
  });

  test.each([
    ["--v1 --sdxl", "--sdxl, --v1"],
    ["--W 100", "--W"],
    ["--W 64 --H 100", "--H"],
  ])("cannot go by %s", (line, where) => {
    expect(() => check(`--ckpt m --prompt cat ${line}`)).toThrow(
      expect.objectContaining({ code: "SETTINGS_CONFLICT", where }),
    );
  });

  test("says what it passes over", () => {
    const { warnings } = check("--ckpt m --prompt cat --from_file f --negative_scale 1 --scale 1");
    expect(warnings.map(({ option }) => option)).toEqual(["prompt", "negative_scale"]);
  });

  test("refuses features that are not there instead of drawing something else", () => {
    expect(() => check("--ckpt m --prompt cat --network_weights lora.safetensors")).toThrow(
      expect.objectContaining({ code: "OPTION_UNSUPPORTED", where: "--network_weights" }),
    );
  });
});
