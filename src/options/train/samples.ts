import type { OptionTable } from "../option.ts";

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
    help: "Sampler for prompts that name none.",
  },
} as const satisfies OptionTable;
