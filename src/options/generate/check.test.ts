import { describe, expect, test } from "vitest";
import { parseGenerateArguments } from "../generate/request.ts";
import { checkGenerateSettings } from "./check.ts";

const check = (line: string): ReturnType<typeof checkGenerateSettings> =>
  checkGenerateSettings(parseGenerateArguments(line.split(" ")));

describe("drawing", () => {
  test("needs a model and something to draw, asked for at once", () => {
    expect(() => check("--seed 1")).toThrow(
      expect.objectContaining({ code: "SETTINGS_MISSING", where: expect.stringMatching(/--ckpt .*\n.*--from_file/) }),
    );
    expect(check("--ckpt m --prompt cat").settings).toMatchObject({
      pretrainedModelNameOrPath: "m",
      prompt: "cat",
      steps: 50,
      sampler: "ddim",
      guidanceScale: 7.5,
    });
    expect(check("--ckpt m --from_file f").warnings).toEqual([]);
    expect(check("--ckpt m --prompt cat --seed -1").settings.seed).toBeUndefined();
  });

  test.each([
    ["--v1 --sdxl", "--sdxl, --v1"],
    ["--W 100", "--W"],
    ["--W 64 --H 100", "--H"],
    ["--strength 1.5", "--strength"],
    ["--highres_fix_strength -0.1", "--highres_fix_strength"],
    ["--highres_fix_scale 0", "--highres_fix_scale"],
    ["--highres_fix_scale nan", "--highres_fix_scale"],
  ])("refuses %s", (line, where) => {
    expect(() => check(`--ckpt m --prompt cat ${line}`)).toThrow(
      expect.objectContaining({ code: "SETTINGS_CONFLICT", where }),
    );
  });

  test.each([
    ["--from_file f --negative_scale 1 --scale 1", ["prompt", "negative_scale"]],
    ["--interactive --from_file f --n_iter 2", ["prompt", "from_file", "n_iter"]],
    ["--mask_path m --strength 0.5", ["mask_path", "strength"]],
    ["--image_path i --mask_path m --strength 0.5", []],
    ["--highres_fix_scale 0.5 --strength 0.5 --highres_fix_save_1st", []],
    ["--highres_fix_scale 0.5 --highres_fix_latents_upscaling --highres_fix_save_1st", ["highres_fix_save_1st"]],
  ])("says what it passes over of %s", (line, passedOver) => {
    const { warnings } = check(`--ckpt m --prompt cat ${line}`);
    expect(warnings.map(({ option }) => option)).toEqual(passedOver);
  });

  test("asks for prompts when told to, once for each", () => {
    const { settings, warnings } = check("--ckpt m --interactive --n_iter 3 --image_path i");
    expect(settings).toMatchObject({ interactive: true, nIter: 1, imagePath: "i" });
    expect(warnings).toHaveLength(1);
  });

  test("refuses features that are not there instead of drawing something else", () => {
    expect(() => check("--ckpt m --prompt cat --network_weights lora.safetensors")).toThrow(
      expect.objectContaining({ code: "OPTION_UNSUPPORTED", where: "--network_weights" }),
    );
  });
});
