import type { OptionTable } from "../option.ts";
import { sdScriptsSamplers } from "../shared.ts";

const noWandb = "nothing is sent to Weights & Biases";

export const loggingOptions = {
  logging_dir: {
    type: "string",
    effect: "display",
    help: "Folder for TensorBoard logs; each run gets a subfolder named after its start time.",
  },
  log_with: {
    type: "string",
    choices: ["tensorboard", "wandb", "all"],
    effect: "display",
    help: "Where the run is logged. Default: TensorBoard if --logging_dir is given. Nothing is ever sent to Weights & Biases.",
  },
  log_prefix: { type: "string", effect: "display", help: "Prefix of the name of the run's folder." },
  log_tracker_name: {
    type: "string",
    effect: "display",
    help: "Name of the subfolder with the logs. Default: textual_inversion.",
  },
  log_tracker_config: {
    type: "string",
    effect: "accepted-without-effect",
    note: "TensorBoard files need no settings, and nothing is sent to Weights & Biases",
    help: "TOML file with settings of the trackers.",
  },
  log_config: {
    type: "switch",
    effect: "display",
    help: "Also log the settings, without secrets and paths: as TensorBoard hyperparameters and in a file hparams.yml.",
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
    help: "API key of Weights & Biases.",
  },
} as const satisfies OptionTable;

export const sampleOptions = {
  sample_prompts: {
    type: "string",
    effect: "files",
    help: "File of prompts for sample images during training: .txt with one prompt per line, .toml or .json.",
  },
  sample_every_n_steps: { type: "int", effect: "files", help: "Generate sample images every N steps." },
  sample_every_n_epochs: {
    type: "int",
    effect: "files",
    help: "Generate sample images every N epochs; overrides --sample_every_n_steps.",
  },
  sample_at_first: { type: "switch", effect: "files", help: "Also generate sample images before the first step." },
  sample_sampler: {
    type: "string",
    choices: sdScriptsSamplers,
    default: "ddim",
    effect: "files",
    help: "Sampler for prompts that do not name one.",
  },
} as const satisfies OptionTable;

export const settingsFileOptions = {
  config_file: {
    type: "string",
    effect: "files",
    help: "TOML file of settings; .toml is added to a name without it. Flags on the command line take precedence.",
  },
  output_config: {
    type: "switch",
    effect: "files",
    help: "Write the settings that differ from their defaults to the file named by --config_file, and stop.",
  },
} as const satisfies OptionTable;
