import type { OptionTable } from "../option.ts";

const noWandb = "nothing is sent to Weights & Biases";

export const loggingOptions = {
  logging_dir: {
    type: "string",
    effect: "display",
    help: "Folder for TensorBoard logs; each run gets a sub-folder named by its time.",
  },
  log_with: {
    type: "string",
    choices: ["tensorboard", "wandb", "all"],
    effect: "display",
    help: "Where loss and learning rate are logged; TensorBoard when there is a logging folder.",
  },
  log_prefix: {
    type: "string",
    effect: "display",
    help: "Text in front of the time in the name of the run's folder.",
  },
  log_tracker_name: {
    type: "string",
    effect: "display",
    help: "Name of the sub-folder with the logs; textual_inversion unless said.",
  },
  log_tracker_config: {
    type: "string",
    effect: "display",
    state: "later",
    note: "trackers are used with their default settings",
    help: "TOML file with settings of the trackers.",
  },
  log_config: {
    type: "switch",
    effect: "display",
    state: "later",
    note: "settings are not written to the logs",
    help: "Log the settings too, without secrets and paths.",
  },
  wandb_run_name: {
    type: "string",
    effect: "display",
    state: "later",
    note: noWandb,
    help: "Name of the run on Weights & Biases.",
  },
  wandb_api_key: {
    type: "string",
    effect: "display",
    state: "later",
    note: noWandb,
    help: "Key for Weights & Biases.",
  },
} as const satisfies OptionTable;

export const sampleOptions = {
  sample_prompts: {
    type: "string",
    effect: "files",
    state: "later",
    note: "no pictures are drawn during training",
    help: "File of prompts to draw during training: .txt with one a line, .toml or .json.",
  },
  sample_every_n_steps: {
    type: "int",
    effect: "files",
    state: "later",
    note: "no pictures are drawn during training",
    help: "Draw them after every so many steps.",
  },
  sample_every_n_epochs: {
    type: "int",
    effect: "files",
    state: "later",
    note: "no pictures are drawn during training",
    help: "Draw them after every so many epochs; wins over the steps.",
  },
  sample_at_first: {
    type: "switch",
    effect: "files",
    state: "later",
    note: "no pictures are drawn during training",
    help: "Draw them before the first step as well.",
  },
  sample_sampler: {
    type: "string",
    choices: [
      ...[
        "ddim",
        "pndm",
        "lms",
        "euler",
        "euler_a",
        "heun",
        "dpm_2",
        "dpm_2_a",
        "dpmsolver",
        "dpmsolver++",
        "dpmsingle",
      ],
      ...["k_lms", "k_euler", "k_euler_a", "k_dpm_2", "k_dpm_2_a"],
    ],
    default: "ddim",
    effect: "files",
    state: "later",
    note: "no pictures are drawn during training",
    help: "Sampler for prompts that name none.",
  },
} as const satisfies OptionTable;

export const settingsFileOptions = {
  config_file: {
    type: "string",
    effect: "files",
    help: "TOML file of settings; .toml is added when missing. What the command line gives goes before it.",
  },
  output_config: {
    type: "switch",
    effect: "files",
    help: "Write the settings that differ from their defaults to the file named by --config_file and stop.",
  },
} as const satisfies OptionTable;
