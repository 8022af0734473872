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
