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
