import { expect, test } from "vitest";
import { resolveCommand } from "./commands.ts";

test("the names of sd-scripts' programs work as commands, too", () => {
  for (const word of [
    "train",
    "train_textual_inversion",
    "train_textual_inversion.py",
    "sdxl_train_textual_inversion.py",
  ]) {
    expect(resolveCommand(word)).toEqual({ command: "train", flags: [] });
  }
  for (const word of ["generate", "gen_img", "gen_img.py", "gen_img_diffusers.py"])
    expect(resolveCommand(word)).toEqual({ command: "generate", flags: [] });
  expect(resolveCommand("inspect").command).toBe("inspect");
});

test("another word is a usage error with the nearest command or program", () => {
  expect(() => resolveCommand("train_textual_inversion_xti.py")).toThrow(
    expect.objectContaining({ code: "USAGE", hint: "Did you mean train_textual_inversion_XTI?" }),
  );
  expect(() => resolveCommand("trian")).toThrow(
    expect.objectContaining({ code: "USAGE", hint: "Did you mean train?" }),
  );
  expect(() => resolveCommand("train.py")).toThrow(expect.objectContaining({ code: "USAGE" }));
});

test("the program that learns vectors for each layer is training with a flag", () => {
  for (const word of ["train_textual_inversion_XTI", "train_textual_inversion_XTI.py"])
    expect(resolveCommand(word)).toEqual({ command: "train", flags: ["--xti"] });
});
