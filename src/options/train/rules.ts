import type { Parsed, Rule } from "../checked.ts";
import { resolveStepCount } from "../option-values.ts";
import { changedSettings } from "../settings.ts";
import { learningConflicts, learningWarnings } from "./learning-rules.ts";
import { metadataOptions } from "./saving.ts";
import type { GivenTrainSettings } from "./table.ts";

/** Settings, and where the user gave them. */
type GivenSettings = Pick<Parsed<GivenTrainSettings>, "settings" | "places">;

/** Combinations that cannot work. The first that applies is reported. */
export function trainConflicts(parsed: GivenSettings): Rule[] {
  const given = parsed.settings;
  return [
    ...learningConflicts(parsed),
    ...wordConflicts(given),
    ...noiseAndLossConflicts(given),
    ...optimizerConflicts(given),
    ...logConflicts(given),
  ];
}

/** Most bytes of a name: common file systems allow 255, and "-step00001600-state" and a temporary suffix are appended. */
const longestName = 180;

function wordConflicts(given: GivenTrainSettings): Rule[] {
  const capacity = given.maxTokenLength ?? 75;
  const name = (given.outputName || given.tokenString) ?? "";
  const option = given.outputName ? "output_name" : "token_string";
  return [
    {
      when: given.numVectorsPerToken > capacity,
      options: ["num_vectors_per_token"],
      message: `A prompt has at most ${capacity} tokens, so of ${given.numVectorsPerToken} vectors the text encoder would only ever see the first ${capacity}.`,
      hint: `Use fewer: more than about 10 are rarely better.${capacity < 225 ? " --max_token_length 225 allows 225 tokens in training." : ""}`,
    },
    {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      when: /[\0-\x1f\x7f-\x9f\u2028\u2029]/.test(name),
      options: [option],
      message: "The file name would contain control characters, which a prompt cannot contain.",
      hint: "Choose a name of letters, digits, dots and dashes.",
    },
    {
      when: /(^|\/)\.{0,2}$/.test(name) && name !== "",
      options: [option],
      message: `"${name}" is a folder name, and a file name is needed.`,
      hint: "Add a name after the last slash.",
    },
    {
      when: new TextEncoder().encode(name.split("/").at(-1)).length > longestName,
      options: [option],
      message: `The file name would be longer than ${longestName} bytes and could not be saved.`,
      hint: "Choose a shorter --output_name.",
    },
  ];
}

function noiseAndLossConflicts(given: GivenTrainSettings): Rule[] {
  const { minTimestep = 0, maxTimestep = 1000 } = given;
  return [
    {
      when: given.adaptiveNoiseScale !== undefined && given.noiseOffset === undefined,
      options: ["adaptive_noise_scale"],
      message: "--adaptive_noise_scale changes the noise offset, but --noise_offset is not given.",
      hint: "Add --noise_offset, for example 0.05.",
    },
    {
      when: given.clusterSplit > 1 && Boolean(given.multiresNoiseIterations),
      options: ["cluster_split", "multires_noise_iterations"],
      message: "Pyramid noise is scaled over a whole micro-batch, so none can be cut into parts.",
      hint: "Leave --cluster_split out; --gradient_accumulation_steps gives workers more jobs, too.",
    },
    {
      when: given.scaleVPredLossLikeNoisePred && !given.vParameterization,
      options: ["scale_v_pred_loss_like_noise_pred"],
      message: "--scale_v_pred_loss_like_noise_pred is for models that predict velocity.",
      hint: "Add --v_parameterization if your model does, or leave it out.",
    },
    {
      when: Boolean(given.vPredLikeLoss) && given.vParameterization,
      options: ["v_pred_like_loss", "v_parameterization"],
      message:
        "--v_pred_like_loss turns a noise loss into a velocity loss, but with --v_parameterization it already is one.",
      hint: "Leave --v_pred_like_loss out.",
    },
    {
      when: maxTimestep > (minTimestep < maxTimestep ? 1000 : 999),
      options: ["max_timestep"],
      message: `There are no timesteps from ${minTimestep} to ${maxTimestep}: timesteps range from 0 to 999.`,
      hint: "Timesteps are drawn from --min_timestep up to, but not including, --max_timestep.",
    },
  ];
}

function optimizerConflicts(given: GivenTrainSettings): Rule[] {
  return [
    {
      when: given.use8bitAdam && (given.useLionOptimizer || given.optimizerType !== ""),
      options: ["use_8bit_adam", given.useLionOptimizer ? "use_lion_optimizer" : "optimizer_type"],
      message: "Two optimizers are given.",
      hint: "--use_8bit_adam is the old spelling of --optimizer_type AdamW8bit.",
    },
    {
      when: given.useLionOptimizer && given.optimizerType !== "",
      options: ["use_lion_optimizer", "optimizer_type"],
      message: "Two optimizers are given.",
      hint: "--use_lion_optimizer is the old spelling of --optimizer_type Lion.",
    },
    {
      when: hasNeedlessWarmup(given),
      options: ["lr_warmup_steps"],
      message: `The ${given.lrSchedulerType || given.lrScheduler} schedule has no warmup.`,
      hint: "Choose a schedule that has one, for example --lr_scheduler constant_with_warmup, or leave --lr_warmup_steps out.",
    },
    {
      when:
        given.fusedBackwardPass &&
        (given.optimizerType.toLowerCase() !== "adafactor" || given.gradientAccumulationSteps !== 1),
      options: ["fused_backward_pass"],
      message: "--fused_backward_pass only works with Adafactor and without gradient accumulation.",
      hint: "Leave it out: it has no effect in coinage.",
    },
  ];
}

function hasNeedlessWarmup(given: GivenTrainSettings): boolean {
  // schedule-free optimizers ignore all settings of the schedule
  if (/schedulefree$/i.test(given.optimizerType)) return false;
  const takesNone =
    given.lrSchedulerType !== "" || given.lrScheduler === "constant" || given.lrScheduler.startsWith("adafactor");
  if (!takesNone || given.lrWarmupSteps === undefined) return false;
  // with --max_train_epochs, steps are known only with the dataset: the schedule checks later
  const totalSteps = given.maxTrainEpochs === undefined ? given.maxTrainSteps : 0;
  return resolveStepCount(given.lrWarmupSteps, totalSteps) !== 0;
}

function logConflicts(given: GivenTrainSettings): Rule[] {
  return [
    {
      when: (given.logWith === "tensorboard" || given.logWith === "all") && !given.loggingDir,
      options: ["log_with"],
      message: "TensorBoard logs need a folder.",
      hint: "Add --logging_dir FOLDER.",
    },
    {
      // recipes cache latents; their settings are added later
      when: given.queue !== undefined && !given.cacheLatents && !given.cacheLatentsToDisk && !given.recipe,
      options: ["queue"],
      message: "Workers of a shared run fetch its latents, so they must be cached.",
      hint: "Add --cache_latents.",
    },
  ];
}

/** Combinations that work, but perhaps not as the user means. */
export function trainWarnings(parsed: GivenSettings): Rule[] {
  const given = parsed.settings;
  return [
    ...learningWarnings(parsed),
    ...lossAndDataWarnings(given),
    ...optimizerWarnings(given),
    ...outputWarnings(given),
    ...layerWarnings(given),
  ];
}

/** Settings that training vectors for each layer (--xti) ignores, as sd-scripts does; see `checkTrainSettings`. */
function layerWarnings(given: GivenTrainSettings): Rule[] {
  if (!given.xti) return [];
  const [[metadata] = []] = changedSettings(metadataOptions, given);
  return [
    {
      when: Boolean(given.vPredLikeLoss),
      options: ["v_pred_like_loss"],
      message: "--v_pred_like_loss is ignored with --xti.",
    },
    {
      when: isSampling(given),
      options: ["sample_prompts"],
      message: "No sample images are generated with --xti.",
    },
    {
      when: metadata !== undefined,
      options: [metadata ?? ""],
      message: `--${metadata} is ignored: files have no metadata with --xti.`,
    },
  ];
}

function lossAndDataWarnings(given: GivenTrainSettings): Rule[] {
  const { minTimestep = 0, maxTimestep = 1000 } = given;
  return [
    {
      when: given.v2 && given.clipSkip !== undefined,
      options: ["clip_skip"],
      message: "--clip_skip is unusual with Stable Diffusion 2, whose text encoder already lacks its last layer.",
    },
    {
      when: given.zeroTerminalSnr && !given.vParameterization,
      options: ["zero_terminal_snr"],
      message:
        "--zero_terminal_snr is meant for --v_parameterization: at pure noise, predicting the noise teaches nothing.",
    },
    {
      when: given.minSnrGamma !== undefined && given.minSnrGamma < 0,
      options: ["min_snr_gamma"],
      message: "A negative --min_snr_gamma makes the loss weights negative, so training increases the error.",
    },
    {
      when: minTimestep >= maxTimestep,
      options: ["min_timestep"],
      message: `--min_timestep is not below --max_timestep, so every timestep is ${maxTimestep}.`,
    },
    {
      when: given.cacheLatentsToDisk && !given.cacheLatents,
      options: ["cache_latents_to_disk"],
      message: "--cache_latents_to_disk turns --cache_latents on.",
    },
    {
      when: Boolean(given.inJson) && !given.datasetConfig && (given.colorAug || given.randomCrop),
      options: ["in_json"],
      message: "With --color_aug or --random_crop the latents stored beside the images are not used.",
    },
    {
      when: given.useObjectTemplate && given.useStyleTemplate,
      options: ["use_style_template"],
      message: "Both templates are given: the object template is used.",
    },
  ];
}

function optimizerWarnings(given: GivenTrainSettings): Rule[] {
  return [
    {
      when: given.use8bitAdam || /8bit$/i.test(given.optimizerType),
      options: [given.use8bitAdam ? "use_8bit_adam" : "optimizer_type"],
      message: "The optimizer keeps its state in 32 bits: with only a few vectors, 8 bits would save nothing.",
    },
    {
      when:
        /^(dadapt|prodigy$)/i.test(given.optimizerType) &&
        typeof given.learningRate === "number" &&
        given.learningRate <= 0.1,
      options: ["learning_rate"],
      message: `${given.optimizerType} finds the learning rate by itself and multiplies it by --learning_rate, which should be about 1.`,
    },
  ];
}

function outputWarnings(given: GivenTrainSettings): Rule[] {
  const { sampleEveryNEpochs, sampleEveryNSteps, samplePrompts } = given;
  return [
    {
      when: sampleEveryNEpochs !== undefined && sampleEveryNEpochs <= 0,
      options: ["sample_every_n_epochs"],
      message: "--sample_every_n_epochs is ignored: it is not above 0.",
    },
    {
      when: sampleEveryNSteps !== undefined && sampleEveryNSteps <= 0,
      options: ["sample_every_n_steps"],
      message: "--sample_every_n_steps is ignored: it is not above 0.",
    },
    {
      when: samplePrompts !== undefined && !isSampling(given),
      options: ["sample_prompts"],
      message:
        "--sample_prompts is ignored: it needs --sample_every_n_steps, --sample_every_n_epochs or --sample_at_first.",
    },
    {
      when: isSampling(given) && !samplePrompts && !given.xti,
      options: ["sample_prompts"],
      message: "No sample images are generated: --sample_prompts is missing.",
    },
    {
      when: given.logWith === "wandb" || given.logWith === "all",
      options: ["log_with"],
      message: `Nothing is sent to Weights & Biases. ${
        given.logWith === "all"
          ? "TensorBoard logs are written."
          : "--log_with tensorboard writes logs to this machine."
      }`,
    },
    {
      when: given.logConfig && (!given.loggingDir || given.logWith === "wandb"),
      options: ["log_config"],
      message: "--log_config is ignored: it needs TensorBoard logs (--logging_dir).",
    },
    {
      when: given.debugDatasetDir !== undefined && !given.debugDataset,
      options: ["debug_dataset_dir"],
      message: "--debug_dataset_dir is ignored: it needs --debug_dataset.",
    },
    {
      when: given.run !== undefined && Boolean(given.outputDir),
      options: ["output_dir"],
      message: "--output_dir is ignored: with --run, files go into the folder of the run.",
    },
    {
      when: given.runsDir !== undefined && given.run === undefined,
      options: ["runs_dir"],
      message: "--runs_dir is ignored: it needs --run.",
    },
    ...Object.entries({
      queue_ca: given.queueCa,
      queue_insecure: given.queueInsecure,
      cluster_numerics: given.clusterNumerics,
      no_cluster_local: given.noClusterLocal,
    }).map(
      ([name, value]): Rule => ({
        when: Boolean(value) && given.queue === undefined,
        options: [name],
        message: `--${name} is ignored: it needs --queue.`,
      }),
    ),
    {
      when: given.outputConfig && !given.configFile,
      options: ["output_config"],
      message: "--output_config is ignored: it needs --config_file, the name of the file to write.",
    },
  ];
}

function isSampling({ sampleAtFirst, sampleEveryNEpochs = 0, sampleEveryNSteps = 0 }: GivenTrainSettings): boolean {
  return sampleAtFirst || sampleEveryNEpochs > 0 || sampleEveryNSteps > 0;
}
