import { describe, expect, test } from "vitest";
import { readInvocation } from "./invocation.ts";

describe("a command line", () => {
  test.each([
    ["train --seed 1", "train", "--seed 1"],
    ["generate --ckpt m", "generate", "--ckpt m"],
    ["inspect a.py b", "inspect", "a.py b"],
    ["train_textual_inversion.py --seed 1", "train", "--seed 1"],
    ["sdxl_train_textual_inversion --seed 1", "train", "--seed 1"],
    ["train train_textual_inversion.py --seed 1", "train", "--seed 1"],
    ["accelerate launch --num_cpu_threads_per_process 1 train_textual_inversion.py --seed 1", "train", "--seed 1"],
    ["train accelerate launch ./sd-scripts/sdxl_train_textual_inversion.py --seed 1", "train", "--seed 1"],
    ["train_textual_inversion_XTI --seed 1", "train", "--xti --seed 1"],
    ["train accelerate launch train_textual_inversion_XTI.py --seed 1", "train", "--xti --seed 1"],
    ["plan train_textual_inversion_XTI.py --seed 1", "plan", "--xti --seed 1"],
    ["plan --seed 1 --json", "plan", "--seed 1 --json"],
    ["python3 sd-scripts\\gen_img.py --ckpt m", "generate", "--ckpt m"],
  ])("%s", (line, command, words) => {
    expect(readInvocation(line.split(" "))).toEqual({ command, words: words.split(" ") });
  });

  test("may name a command that is not there yet", () => {
    expect(() => readInvocation(["worker"])).toThrow(expect.objectContaining({ code: "COMMAND_LATER" }));
    expect(() => readInvocation(["studio"])).toThrow(expect.objectContaining({ code: "COMMAND_LATER" }));
  });

  test.each([
    ["trian", "Did you mean train?"],
    ["train_network.py", undefined],
    ["python train_network.py", undefined],
  ])("may be wrong: %s", (line, hint) => {
    const details = hint ? { code: "USAGE", hint } : { code: "USAGE" };
    expect(() => readInvocation(line.split(" "))).toThrow(expect.objectContaining(details));
  });
});
