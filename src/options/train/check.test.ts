import { describe, expect, test } from "vitest";
import { parseSettingsFile } from "../file/toml.ts";
import { flagValues, parseTrainArguments } from "../train/request.ts";
import { checkTrainSettings, withDefaults } from "./check.ts";

const needed = "--pretrained_model_name_or_path m --token_string mycat --output_dir out --dataset_config d.toml".split(
  " ",
);
const check = (line: string): ReturnType<typeof checkTrainSettings> =>
  checkTrainSettings(parseTrainArguments([...needed, ...line.split(" ").filter(Boolean)]));
const warned = (line: string): string[] => check(line).warnings.map(({ option }) => option);

describe("what a run needs", () => {
  test("is asked for all at once", () => {
    const missing = (line: string): string[] => {
      try {
        checkTrainSettings(parseTrainArguments(line.split(" ").filter(Boolean)));
      } catch (error) {
        const { code, where } = error as { code: string; where: string };
        expect(code).toBe("SETTINGS_MISSING");
        return where.split("\n").map((text) => /--\w+/.exec(text)![0]);
      }
      return [];
    };
    const all = [
      "--pretrained_model_name_or_path",
      "--token_string",
      "--output_dir",
      "--dataset_config",
      "--resolution",
    ];
    expect(missing("")).toEqual(all);
    expect(missing("--dataset_config d.toml --token_string=")).toEqual(all.slice(0, 3));
    expect(missing(`${needed.slice(0, 6).join(" ")} --train_data_dir p`)).toEqual(["--resolution"]);
    expect(missing(`${needed.slice(0, 6).join(" ")} --image_dir p`)).toEqual(["--resolution"]);
    expect(missing(`${needed.slice(0, 6).join(" ")} --in_json j --resolution 64`)).toEqual([]);
    expect(missing(`${needed.slice(0, 4).join(" ")} --dataset_config d.toml --debug_dataset`)).toEqual([]);
  });
});

describe("with a recipe", () => {
  const newcomer = "--pretrained_model_name_or_path m --train_data_dir p --token_string mycat --recipe auto";

  test("a run needs no output folder and no size: the folder is named after the word", () => {
    const { settings, warnings } = checkTrainSettings(parseTrainArguments(newcomer.split(" ")));
    expect(settings).toMatchObject({ outputDir: "coinage-mycat", outputName: "mycat", resolution: undefined });
    expect(warnings).toEqual([]);
    const named = checkTrainSettings(parseTrainArguments(`${newcomer} --output_name cats/tom`.split(" ")));
    expect(named.settings.outputDir).toBe("coinage-cats-tom");
  });

  test("its settings stand beneath those of the user, and only what they bring is warned of", () => {
    const argv = [...newcomer.split(" "), ..."--max_train_steps 1600 --optimizer_type AdamW8bit".split(" ")];
    const { settings } = checkTrainSettings(parseTrainArguments(argv));
    const refined = withDefaults(
      settings,
      flagValues(["--max_train_steps", "7", "--seed", "3", "--zero_terminal_snr"]),
    );
    expect(refined.settings).toMatchObject({ maxTrainSteps: 1600, seed: 3, zeroTerminalSnr: true });
    expect(refined.warnings.map(({ option }) => option)).toEqual(["zero_terminal_snr"]);
    expect(() => withDefaults(settings, flagValues(["--max_timestep", "2000"]))).toThrow(
      expect.objectContaining({ code: "SETTINGS_CONFLICT" }),
    );
  });
});

describe("what follows from other settings", () => {
  test("is filled in", () => {
    const { settings } = check(
      "--caption_extention txt --cache_latents_to_disk --sample_every_n_steps 0 --sample_every_n_epochs -1",
    );
    expect(settings).toMatchObject({ outputName: "mycat", captionExtension: "txt", cacheLatents: true });
    expect([settings.sampleEveryNSteps, settings.sampleEveryNEpochs]).toEqual([undefined, undefined]);
    expect(check("--output_name x").settings).toMatchObject({
      outputName: "x",
      captionExtension: ".caption",
      cacheLatents: false,
    });
  });
});

test("a seed of -1 is none, so that one is drawn", () => {
  expect(check("--seed -1").settings.seed).toBeUndefined();
  expect(check("--seed -2").settings.seed).toBe(-2);
});

test("as many vectors as there are tokens can be trained, and a name of 180 bytes saved", () => {
  check("--num_vectors_per_token 75");
  check("--num_vectors_per_token 225 --max_token_length 225");
  check(`--output_name sub/${"語".repeat(60)}`);
  expect(check("--output_name=").settings.outputName).toBe("mycat");
});

describe("what cannot work", () => {
  test.each([
    ["--adaptive_noise_scale 0.1", "adaptive_noise_scale"],
    ["--scale_v_pred_loss_like_noise_pred", "scale_v_pred_loss_like_noise_pred"],
    ["--v_pred_like_loss 0.1 --v_parameterization", "v_pred_like_loss"],
    ["--max_timestep 1001", "max_timestep"],
    ["--num_vectors_per_token 76", "num_vectors_per_token"],
    ["--num_vectors_per_token 151 --max_token_length 150", "num_vectors_per_token"],
    ["--num_vectors_per_token 226 --max_token_length 225 --xti", "num_vectors_per_token"],
    ["--output_name a\u001b[2J", "output_name"],
    ["--output_name sub/", "output_name"],
    ["--output_name ..", "output_name"],
    [`--output_name ${"x".repeat(181)}`, "output_name"],
    [`--token_string ${"語".repeat(61)}`, "token_string"],
    ["--min_timestep 1000", "max_timestep"],
    ["--use_8bit_adam --use_lion_optimizer", "use_8bit_adam"],
    ["--use_8bit_adam --optimizer_type AdamW", "use_8bit_adam"],
    ["--use_lion_optimizer --optimizer_type Lion", "use_lion_optimizer"],
    ["--lr_warmup_steps 10", "lr_warmup_steps"],
    ["--lr_warmup_steps 1%", "lr_warmup_steps"],
    ["--lr_warmup_steps 10 --lr_scheduler linear --lr_scheduler_type StepLR", "lr_warmup_steps"],
    ["--lr_warmup_steps 10 --lr_scheduler adafactor", "lr_warmup_steps"],
    ["--fused_backward_pass", "fused_backward_pass"],
    ["--fused_backward_pass --optimizer_type Adafactor --gradient_accumulation_steps 2", "fused_backward_pass"],
    ["--log_with tensorboard", "log_with"],
    ["--log_with all", "log_with"],
    ["--cluster_split 2 --multires_noise_iterations 6", "cluster_split"],
  ])("%s", (line, option) => {
    expect(() => check(line)).toThrow(
      expect.objectContaining({ code: "SETTINGS_CONFLICT", where: expect.stringContaining(`--${option}`) }),
    );
  });

  test("says which file it stands in", () => {
    const parsed = parseTrainArguments(needed, parseSettingsFile("adaptive_noise_scale = 1", "train.toml"));
    expect(() => checkTrainSettings(parsed)).toThrow(
      expect.objectContaining({ where: "adaptive_noise_scale (train.toml, line 1)" }),
    );
  });

  test.each([
    "--adaptive_noise_scale 0.1 --noise_offset 0",
    "--scale_v_pred_loss_like_noise_pred --v_parameterization",
    "--v_pred_like_loss 0 --v_parameterization",
    "--lr_warmup_steps 0",
    "--lr_warmup_steps 0.0001 --max_train_steps 100",
    "--lr_warmup_steps 10 --lr_scheduler constant_with_warmup",
    "--lr_warmup_steps 10 --optimizer_type AdamWScheduleFree",
    "--noise_offset 0.1 --multires_noise_iterations 6",
    "--min_timestep 50 --max_timestep 900",
    "--log_with tensorboard --logging_dir logs --log_config --log_prefix a --log_tracker_name b",
    "--console_log_level DEBUG --console_log_file log.txt --console_log_simple",
  ])("but %s can, without a word", (line) => {
    expect(warned(line)).toEqual([]);
  });
});

describe("what surprises", () => {
  test.each([
    ["--v2 --clip_skip 1", "clip_skip"],
    ["--zero_terminal_snr", "zero_terminal_snr"],
    ["--min_snr_gamma=-5", "min_snr_gamma"],
    ["--min_timestep 500 --max_timestep 500", "min_timestep"],
    ["--cache_latents_to_disk", "cache_latents_to_disk"],
    ["--use_object_template --use_style_template", "use_style_template"],
    ["--optimizer_type AdamW8bit", "optimizer_type"],
    ["--optimizer_type pagedlion8bit", "optimizer_type"],
    ["--use_8bit_adam", "use_8bit_adam"],
    ["--optimizer_type Prodigy", "learning_rate"],
    ["--optimizer_type DAdaptAdam --learning_rate 0.1", "learning_rate"],
    ["--log_with wandb", "log_with"],
    ["--log_with all --logging_dir logs", "log_with"],
    ["--log_config", "log_config"],
    ["--wandb_run_name cats", "wandb_run_name"],
    ["--debug_dataset_dir d", "debug_dataset_dir"],
  ])("%s is said", (line, option) => {
    expect(warned(line)).toEqual([option]);
  });

  test("what sd-scripts would show on Weights & Biases of the command line", () => {
    const shown = (line: string): string[] => warned(`--log_with wandb ${line}`).filter((name) => name !== "log_with");
    expect(shown("--wandb_api_key k --huggingface_token t")).toEqual(
      expect.arrayContaining(["wandb_api_key", "huggingface_token"]),
    );
    expect(shown("--logging_dir /logs --vae ./vae --train_data_dir p")).toEqual(["logging_dir"]);
    expect(shown("--huggingface_repo_id me/cat --huggingface_repo_visibility public")).toEqual(
      warned("--huggingface_repo_id me/cat --huggingface_repo_visibility public"),
    );
    expect(check("--log_with wandb --huggingface_repo_id me/cat").warnings).toContainEqual({
      option: "huggingface_repo_id",
      message: expect.stringContaining("not public"),
    });
    // sd-scripts reads the settings file later and does not publish it
    const file = parseSettingsFile('huggingface_token = "t"\nlogging_dir = "/logs"', "train.toml");
    const { warnings } = checkTrainSettings(parseTrainArguments([...needed, "--log_with", "wandb"], file));
    expect(warnings.filter(({ message }) => message.includes("sd-scripts shows"))).toEqual([]);
    expect(warned("--logging_dir /logs")).toEqual([]);
  });

  test("stored latents and augmentation", () => {
    const argv = [...needed.slice(0, 6), "--in_json", "j", "--resolution", "64", "--random_crop"];
    expect(checkTrainSettings(parseTrainArguments(argv)).warnings.map(({ option }) => option)).toEqual(["in_json"]);
  });

  test("what vectors for each layer leave out, which then is not in the settings either", () => {
    const line = "--xti --v_pred_like_loss 0.1 --sample_at_first --sample_every_n_steps 5 --sample_every_n_epochs 1";
    expect(warned(`${line} --sample_prompts p.txt --metadata_title Ring`)).toEqual([
      ...["v_pred_like_loss", "sample_prompts", "metadata_title"],
    ]);
    expect(check(line).settings).toMatchObject({ xti: true, sampleAtFirst: false, vPredLikeLoss: undefined });
    const { sampleEveryNSteps, sampleEveryNEpochs } = check(line).settings;
    expect([sampleEveryNSteps, sampleEveryNEpochs]).toEqual([undefined, undefined]);
    expect(warned("--xti")).toEqual([]);
  });

  test("pictures during training without prompts, and prompts without pictures", () => {
    const about = (line: string): string[] => check(line).warnings.map(({ message }) => message);
    expect(about("--sample_every_n_steps 10")).toContainEqual(expect.stringContaining("sample_prompts is missing"));
    expect(about("--sample_prompts p.txt")).toContainEqual(expect.stringContaining("is ignored: it needs"));
    expect(about("--sample_prompts p.txt --sample_at_first")).not.toContainEqual(
      expect.stringMatching(/is ignored|sample_prompts is missing/),
    );
  });
});
