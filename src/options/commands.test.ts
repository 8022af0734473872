import { expect, test } from "vitest";
import { resolveCommand } from "./commands.ts";

test("commands have the names of sd-scripts' programs too", () => {
  for (const word of [
    "train",
    "train_textual_inversion",
    "train_textual_inversion.py",
    "sdxl_train_textual_inversion.py",
  ]) {
    expect(resolveCommand(word)).toBe("train");
  }
  for (const word of ["generate", "gen_img", "gen_img.py", "gen_img_diffusers.py"])
    expect(resolveCommand(word)).toBe("generate");
  expect(resolveCommand("inspect")).toBe("inspect");
});

test("another word is a usage error with the nearest command", () => {
  expect(() => resolveCommand("trian")).toThrow(
    expect.objectContaining({ code: "USAGE", hint: "Did you mean train?" }),
  );
  expect(() => resolveCommand("train.py")).toThrow(expect.objectContaining({ code: "USAGE" }));
});

test("a program of sd-scripts that is not followed is refused with the reason", () => {
  expect(() => resolveCommand("train_textual_inversion_XTI.py")).toThrow(
    expect.objectContaining({ code: "OPTION_UNSUPPORTED", message: expect.stringContaining("P+ (XTI)") }),
  );
});
