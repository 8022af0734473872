import type { OptionTable } from "../option.ts";
import { sdScriptsSamplers } from "../shared.ts";

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
    help: "Where the run is logged; TensorBoard when there is a logging folder. Nothing is ever sent to Weights & Biases.",
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
    effect: "accepted-without-effect",
    note: "TensorBoard's files need no settings, and nothing is sent to Weights & Biases",
    help: "TOML file with settings of the trackers.",
  },
  log_config: {
    type: "switch",
    effect: "display",
    help: "Log the settings too, without secrets and paths: as TensorBoard's hyper-parameters and in a file hparams.yml.",
  },
  wandb_run_name: {
    type: "string",
    effect: "accepted-without-effect",
    note: noWandb,
    help: "Name of the run on Weights & Biases.",
  },
  wandb_api_key: {
    type: "string",
    effect: "accepted-without-effect",
    note: noWandb,
    help: "Key for Weights & Biases.",
  },
} as const satisfies OptionTable;

export const sampleOptions = {
  sample_prompts: {
    type: "string",
    effect: "files",
    help: "File of prompts to draw during training: .txt with one a line, .toml or .json.",
  },
  sample_every_n_steps: {
    type: "int",
    effect: "files",
    help: "Draw them after every so many steps.",
  },
  sample_every_n_epochs: {
    type: "int",
    effect: "files",
    help: "Draw them after every so many epochs; wins over the steps.",
  },
  sample_at_first: {
    type: "switch",
    effect: "files",
    help: "Draw them before the first step as well.",
  },
  sample_sampler: {
    type: "string",
    choices: sdScriptsSamplers,
    default: "ddim",
    effect: "files",
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
