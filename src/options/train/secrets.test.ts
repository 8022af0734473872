import { expect, test } from "vitest";
import { parseSettingsFile } from "../file/toml.ts";
import { parseTrainArguments } from "../train/request.ts";
import { loggedSettings, withoutSecrets } from "./secrets.ts";

const logged = (line: string, file = ""): ReturnType<typeof loggedSettings> =>
  loggedSettings(parseTrainArguments(line.split(" ").filter(Boolean), parseSettingsFile(file, "t.toml")).settings);

test("logged settings are values, or texts where a log can hold no such value; unset ones are null", () => {
  const all = logged(
    "--resolution 512,768 --lr_warmup_steps 10 --optimizer_args a=1 b=c --face_crop_aug_range 1,2.5 --v2",
  );
  expect(all).toMatchObject({
    resolution: "(512, 768)",
    lr_warmup_steps: 10,
    optimizer_args: "['a=1', 'b=c']",
    face_crop_aug_range: "(1, 2.5)",
    v2: true,
    max_train_steps: 1600,
    seed: null,
  });
  expect(logged("--lr_warmup_steps 0.25").lr_warmup_steps).toBe(0.25);
  expect(logged("", 'metadata_mood = "calm"').metadata_mood).toBe("calm");
});

test("logged settings hold no secrets and no places on this machine", () => {
  const hidden = [
    ...["wandb_api_key", "huggingface_token", "pretrained_model_name_or_path", "vae", "tokenizer_cache_dir"],
    ...["train_data_dir", "conditioning_data_dir", "reg_data_dir", "output_dir", "logging_dir"],
  ];
  const all = logged(hidden.map((name) => `--${name} hidden`).join(" "));
  expect(Object.keys(all).filter((name) => hidden.includes(name))).toEqual([]);
  expect(Object.values(all)).not.toContain("hidden");
});

test("a command line is shown without secrets, however they are given", () => {
  const words = [
    "--wandb_api_key",
    "a",
    "--seed",
    "1",
    "--huggingface_t=b",
    "--huggingface_token",
    "c",
    "--lowram",
    "--wandb_run_name",
    "d",
  ];
  expect(withoutSecrets(words)).toEqual(["--seed", "1", "--lowram", "--wandb_run_name", "d"]);
  expect(withoutSecrets(["--huggingface_token", "--seed", "1"])).toEqual(["--seed", "1"]);
});
