import { describe, expect, test } from "vitest";
import { checkTrainSettings } from "../train/check.ts";
import { parseTrainArguments, parseTrainRecord } from "../train/request.ts";
import { parseSettingsFile } from "./toml.ts";

/** Settings that the Textual Inversion tab of the kohya_ss GUI always writes. */
const always = {
  bucket_reso_steps: 64,
  caption_extension: ".txt",
  clip_skip: 1,
  dynamo_backend: "no",
  enable_bucket: true,
  epoch: 1,
  huber_c: 0.1,
  huber_scale: 1,
  huber_schedule: "snr",
  init_word: "*",
  learning_rate: 0.00001,
  loss_type: "l2",
  lr_scheduler: "cosine",
  lr_scheduler_args: [],
  lr_scheduler_num_cycles: 1,
  lr_scheduler_power: 1,
  lr_warmup_steps: 160,
  max_bucket_reso: 2048,
  max_data_loader_n_workers: 0,
  max_timestep: 1000,
  max_token_length: 75,
  max_train_steps: 1600,
  min_bucket_reso: 256,
  mixed_precision: "fp16",
  multires_noise_discount: 0.3,
  noise_offset_type: "Original",
  num_vectors_per_token: 1,
  optimizer_args: [],
  optimizer_type: "AdamW8bit",
  output_dir: "D:\\outputs",
  output_name: "mycat",
  pretrained_model_name_or_path: "runwayml/stable-diffusion-v1-5",
  prior_loss_weight: 1,
  resolution: "512,512",
  sample_prompts: "D:\\outputs\\sample/prompt.txt",
  sample_sampler: "euler_a",
  save_every_n_epochs: 1,
  save_model_as: "safetensors",
  save_precision: "fp16",
  token_string: "mycat",
  train_batch_size: 1,
  train_data_dir: "D:\\img",
  wandb_run_name: "mycat",
  xformers: true,
};

/** Other values that can be chosen there, or that are in the settings files of the GUI. */
const choices: Readonly<Record<string, readonly unknown[]>> = {
  caption_extension: ["", ".cap", ".caption"],
  dynamo_backend: [
    ...["eager", "aot_eager", "inductor", "aot_ts_nvfuser", "nvprims_nvfuser", "cudagraphs"],
    ...["ofi", "fx2trt", "onnxrt", "tensorrt", "ipex", "tvm"],
  ],
  mixed_precision: ["no", "bf16"],
  loss_type: ["huber", "smooth_l1", "l1"],
  huber_schedule: ["constant", "exponential"],
  max_token_length: [150, 225],
  noise_offset_type: ["Multires"],
  lr_scheduler: ["constant_with_warmup", "cosine_with_restarts", "linear", "polynomial"],
  lr_scheduler_type: ["", "CosineAnnealingLR"],
  log_with: ["", "wandb"],
  log_tracker_config: [""],
  optimizer_type: [
    ...["AdamW", "Adafactor", "DAdaptation", "DAdaptAdaGrad", "DAdaptAdam", "DAdaptAdan", "DAdaptAdanIP"],
    ...["DAdaptAdamPreprint", "DAdaptLion", "DAdaptSGD", "Lion", "Lion8bit", "PagedAdamW8bit", "PagedAdamW32bit"],
    ...["PagedLion8bit", "Prodigy", "SGDNesterov", "SGDNesterov8bit"],
  ],
  sample_sampler: [
    ...["ddim", "pndm", "lms", "euler", "heun", "dpm_2", "dpm_2_a", "dpmsolver", "dpmsolver++", "dpmsingle"],
    ...["k_lms", "k_euler", "k_euler_a", "k_dpm_2", "k_dpm_2_a"],
  ],
  save_model_as: ["ckpt"],
  save_precision: ["float", "bf16"],
  persistent_data_loader_workers: [0, 1],
  caption_dropout_every_n_epochs: [0, 2],
  resume: [""],
  resume_from_huggingface: ["", "False"],
  huggingface_repo_id: ["", "me/cat"],
  huggingface_repo_type: ["", "None", "model"],
  huggingface_repo_visibility: ["", "private"],
  vae: ["", "D:\\vae.safetensors"],
  vae_batch_size: [4],
  stop_text_encoder_training: [800],
  weigts: ["D:\\old.pt"],
  seed: ["", "1234", 1234],
  min_snr_gamma: [5],
  max_train_epochs: ["", 10],
};

function toml(settings: Readonly<Record<string, unknown>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${JSON.stringify(value)}`)
    .join("\n");
}

/** Warnings of a run started from the command line: the library reads its settings again. */
function warningsOf(written: Readonly<Record<string, unknown>>): string[] {
  const file = parseSettingsFile(toml(written), "gui.toml");
  const { settings, warnings } = checkTrainSettings(parseTrainArguments([], file));
  const { places, ...values } = settings;
  expect([...places.keys()]).toEqual([...file.values.keys()]);
  parseTrainRecord(values);
  return warnings.map(({ option }) => option);
}

describe("a settings file of the kohya_ss GUI", () => {
  test("is taken as it is", () => {
    expect(warningsOf(always)).toEqual([
      ...["epoch", "noise_offset_type"],
      ...["wandb_run_name", "xformers", "max_data_loader_n_workers", "dynamo_backend"],
      ...["optimizer_type", "sample_prompts"],
    ]);
  });

  test.each(Object.entries(choices))("may have anything that can be chosen for %s", (name, values) => {
    for (const value of values) {
      expect(() => warningsOf({ ...always, lr_warmup_steps: 0, [name]: value })).not.toThrow();
    }
  });

  test("is still checked where a value would act", () => {
    const mistake = (name: string, value: unknown) => () => warningsOf({ ...always, [name]: value });
    for (const [name, value] of [
      ["mixed_precision", "fp8"],
      ["save_model_as", "diffusers_safetensors"],
      ["log_with", "comet"],
      ["enable_bucket", "none"],
      ["max_train_steps", "many"],
    ])
      expect(mistake(name!, value)).toThrow(expect.objectContaining({ code: "SETTINGS_FILE_INVALID" }));
    expect(mistake("resume_from_huggingface", true)).toThrow(expect.objectContaining({ code: "OPTION_UNSUPPORTED" }));
  });
});
